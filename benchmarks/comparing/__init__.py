"""The parts of `benchmarks/compare`, in the order in which they work.

options      what the user asks for
repository   what belongs to a revision, and to the working tree
building     one program for each, built with the same harness
selection    which rows are compared
rounds       the programs take turns, row by row, in random order
rank_test    is there a shift, how large is it, between which bounds
verdict      one of four words for each row
reports      what came out, as a text, as JSON, as Markdown and as a page
command      the order of all this, and the exit code

They share `processes`, `streams` and `refusal`: children, standard output and error, and sentences for the user.
"""
