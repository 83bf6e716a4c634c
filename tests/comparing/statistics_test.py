"""The statistics of benchmarks/compare against what is known independently of them."""

import itertools
import math
import random
import statistics
import unittest

from support import long_tailed, normal, row_of, two_peaked

from comparing.rank_test import doubled_ranks, holm, least_p, p_of, shift_of, tails
from comparing.rounds import CONTESTANTS, REV, REV_AGAIN, TREE, Row
from comparing.verdict import (
    FAILS, FASTER, INCONCLUSIVE, SAME, SLOWER, Comparison, Ratio, fewest_rounds, judge, word_for
)


def signed(differences):
    """Differences within pairs, as rounds of two."""
    return [[each, 0.0] for each in differences]


class Ranks(unittest.TestCase):
    def test_equal_values_share_the_mean_of_their_ranks(self):
        self.assertEqual(doubled_ranks([30, 10, 20, 20]), [8, 2, 5, 5])

    def test_tails_are_what_one_finds_by_going_through_all_ways(self):
        dice = random.Random(1)
        for size, rounds in ((2, 6), (3, 5)):
            for _ in range(20):
                ranks = [[dice.randrange(2, 20) for _ in range(size)] for _ in range(rounds)]
                sums = [sum(choice) for choice in itertools.product(*ranks)]
                for reached in set(sums):
                    at_most = sum(each <= reached for each in sums)
                    at_least = sum(each >= reached for each in sums)
                    self.assertEqual(tails(ranks, reached), (at_most, at_least, size**rounds))


class Test(unittest.TestCase):
    def test_with_one_control_it_is_nearly_the_signed_rank_test(self):
        # Difference number r counts 2r - 1. Numbers 2 and 6 are negative, together 14; of the 1024 sets of odd numbers
        # below 20, as many as there are partitions of 0 to 14 into distinct odd parts add up to no more: 24.
        partitions = [1, 1, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3]
        self.assertAlmostEqual(p_of(signed([1, -2, 3, 4, 5, -6, 7, 8, 9, 10])), 2 * sum(partitions) / 1024)
        # six pairs, all positive: 2 of 64
        self.assertAlmostEqual(p_of(signed([1, 2, 3, 4, 5, 6])), 2 / 64)

    def test_the_tree_is_last_in_each_of_ten_rounds(self):
        rounds = [[0.2 + 0.001 * n, 0.0, 0.001 * n] for n in range(10)]
        self.assertAlmostEqual(p_of(rounds), 2 / 3**10)

    def test_it_errs_no_oftener_than_it_says(self):
        """All 3^6 ways to hand out the places of six rounds, which are equally likely where nothing differs."""
        dice = random.Random(2)
        for noise in (normal(0.1), long_tailed(0.1), two_peaked(0.1)):
            rounds = [[noise(dice) for _ in range(3)] for _ in range(6)]
            ps = []
            for places in itertools.product(range(3), repeat=6):
                ps.append(p_of([[times[place], *times[:place], *times[place + 1 :]]
                                for times, place in zip(rounds, places)]))
            for level in (0.01, 0.05, 0.2):
                self.assertLessEqual(sum(p <= level for p in ps), level * len(ps))

    def test_equal_times_differ_in_nothing(self):
        self.assertEqual(p_of([[1.0, 1.0, 1.0]] * 10), 1.0)
        self.assertAlmostEqual(shift_of([[1.0, 1.0, 1.0]] * 10).estimate, 0.0, places=4)


class Estimate(unittest.TestCase):
    def test_with_one_control_it_is_the_median_of_all_means_of_two(self):
        dice = random.Random(3)
        differences = [dice.gauss(0.1, 0.2) for _ in range(13)]
        means = [(a + b) / 2 for a, b in itertools.product(differences, repeat=2)]
        self.assertAlmostEqual(shift_of(signed(differences)).estimate, statistics.median(means), places=4)

    def test_test_and_interval_agree(self):
        dice = random.Random(4)
        for _ in range(60):
            rounds = [[dice.gauss(0.03, 0.05), dice.gauss(0, 0.05), dice.gauss(0, 0.05)] for _ in range(12)]
            it = shift_of(rounds)
            self.assertLessEqual(it.low, it.estimate)
            self.assertLessEqual(it.estimate, it.high)
            if min(abs(it.low), abs(it.high)) > 1e-4:
                self.assertEqual(it.low <= 0 <= it.high, it.p >= 0.05)

    def test_the_interval_covers_the_truth(self):
        dice = random.Random(5)
        for noise in (normal(0.05), long_tailed(0.05)):
            covered = 0
            for _ in range(200):
                it = shift_of([[0.1 + noise(dice), noise(dice), noise(dice)] for _ in range(12)])
                covered += it.low <= 0.1 <= it.high
            self.assertGreaterEqual(covered, 183)

    def test_drift_does_not_matter(self):
        dice = random.Random(6)
        rounds = [[dice.gauss(0.1, 0.05), dice.gauss(0, 0.05), dice.gauss(0, 0.05)] for _ in range(12)]
        drifted = [[time + 0.25 * number for time in times] for number, times in enumerate(rounds)]
        for still, moved in zip(shift_of(rounds), shift_of(drifted)):
            self.assertAlmostEqual(still, moved, places=4)


class ManyRows(unittest.TestCase):
    def test_holm(self):
        for found, wanted in zip(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]):
            self.assertAlmostEqual(found, wanted)

    def test_with_enough_rounds_the_clearest_row_passes_the_correction_and_not_only_just(self):
        for rows in (1, 19, 29, 30, 300, 8000):
            rounds = fewest_rounds(rows)
            self.assertAlmostEqual(least_p(rounds), p_of([[0.2, 0.0, 0.001 * n] for n in range(rounds)]))
            self.assertLessEqual(holm([least_p(rounds)] + [1.0] * (rows - 1))[0], 0.001)
            if rounds > 10:
                self.assertGreater(holm([least_p(rounds - 1)] + [1.0] * (rows - 1))[0], 0.001)
        self.assertEqual([fewest_rounds(rows) for rows in (1, 29, 30, 300, 8000)], [10, 10, 11, 13, 16])

    def test_holm_stops_at_one(self):
        self.assertEqual(holm([0.9, 0.8]), [1.0, 1.0])


class Words(unittest.TestCase):
    def word(self, ratio, low, high, control=1.0, p=0.0001):
        return word_for(Comparison(1, 1, Ratio(ratio, low, high, p), Ratio(control, control, control, 1)), p, 0.05)

    def test_each(self):
        self.assertEqual(self.word(1.15, 1.12, 1.18), SLOWER)
        self.assertEqual(self.word(0.85, 0.82, 0.88), FASTER)
        self.assertEqual(self.word(1.01, 0.98, 1.03, p=0.4), SAME)
        self.assertEqual(self.word(1.02, 0.94, 1.09, p=0.4), INCONCLUSIVE)

    def test_certain_and_small_is_no_difference_worth_a_word(self):
        self.assertEqual(self.word(1.02, 1.01, 1.03), SAME)

    def test_certain_and_about_as_large_as_the_threshold(self):
        self.assertEqual(self.word(1.045, 1.02, 1.07), INCONCLUSIVE)

    def test_large_and_uncertain(self):
        self.assertEqual(self.word(1.3, 0.9, 1.8, p=0.3), INCONCLUSIVE)

    def test_no_larger_than_what_the_control_differs_by(self):
        self.assertEqual(self.word(1.10, 1.06, 1.14, control=1.12), INCONCLUSIVE)
        self.assertEqual(self.word(1.10, 1.06, 1.14, control=1 / 1.12), INCONCLUSIVE)
        self.assertEqual(self.word(1.10, 1.06, 1.14, control=1.08), SLOWER)

    def test_rows_that_fail(self):
        sound = row_of("sound", 10, normal(0.005), random.Random(7))
        of_tree = Row("of tree", failures={TREE: "lost"})
        of_rev = Row("of rev", failures={REV: "lost"})
        of_both = Row("of both", failures={REV: "lost", TREE: "lost"})
        words = [each.word for each in judge([sound, of_tree, of_rev, of_both], "wall", 0.05).judgements]
        self.assertEqual(words, [SAME, FAILS, INCONCLUSIVE, INCONCLUSIVE])

    def test_rows_that_fail_with_equal_programs(self):
        rows = [Row("of tree", failures={TREE: "lost"}), Row("of rev", failures={REV_AGAIN: "lost"})]
        outcome = judge(rows, "wall", 0.05, same_program=True)
        self.assertEqual([each.word for each in outcome.judgements], [INCONCLUSIVE] * 2)
        self.assertEqual(outcome.exit_code, 3)

    def test_rows_that_are_skipped_on_every_side_are_left_out(self):
        sound = row_of("sound", 10, normal(0.005), random.Random(7))
        everywhere = Row("everywhere", failures={who: "skipped: no" for who in CONTESTANTS})
        of_tree = Row("of tree", failures={TREE: "skipped: no"})
        outcome = judge([everywhere, sound], "wall", 0.05)
        self.assertEqual(([each.name for each in outcome.judgements], outcome.exit_code), (["sound"], 0))
        self.assertEqual(outcome.left_out, [everywhere])
        self.assertEqual(judge([of_tree, sound], "wall", 0.05).exit_code, 1)

    def test_a_row_that_failed_once_is_judged_and_says_so(self):
        row = row_of("sound", 10, normal(0.005), random.Random(7))
        row.stumbles[TREE] = "lost"
        (judgement,) = judge([row], "wall", 0.05).judgements
        self.assertEqual(judgement.word, SAME)
        self.assertEqual(judgement.note, "failed once with the tree, and not when repeated: lost")

    def test_exit_codes(self):
        dice = random.Random(8)
        same = row_of("same", 10, normal(0.005), dice)
        slower = row_of("slower", 10, normal(0.005), dice, 1.15)
        noisy = row_of("noisy", 10, normal(0.3), dice)
        failing = Row("failing", failures={TREE: "lost"})
        for rows, code in (([same], 0), ([same, noisy], 3), ([slower, noisy], 1), ([failing, same], 1)):
            self.assertEqual(judge(rows, "wall", 0.05).exit_code, code)


NOISES = [make(spread) for make in (normal, long_tailed, two_peaked) for spread in (0.01, 0.03, 0.06, 0.12)]


class Simulations(unittest.TestCase):
    """All with drift, and with a machine that becomes a third slower halfway."""

    def test_twenty_times_nothing_has_changed(self):
        dice = random.Random(9)
        for _ in range(20):
            rows = [row_of(str(number), 10, noise, dice) for number, noise in enumerate(NOISES)]
            self.assertEqual(judge(rows, "wall", 0.05).counts[SLOWER], 0)

    def found(self, noise, rounds, seed, runs=10):
        """How often 15 % are called slower, among eleven other rows."""
        dice = random.Random(seed)
        found = 0
        for _ in range(runs):
            rows = [row_of(str(number), rounds, noise, dice, 1.15 if number == 0 else 1.0) for number in range(12)]
            found += judge(rows, "wall", 0.05).judgements[0].word == SLOWER
        return found

    def test_fifteen_per_cent_in_ten_rounds(self):
        self.assertEqual(self.found(normal(0.03), 10, 10), 10)

    def test_fifteen_per_cent_in_fifteen_rounds(self):
        self.assertEqual(self.found(normal(0.05), 15, 11), 10)

    def test_fifteen_per_cent_under_a_long_tail(self):
        self.assertGreaterEqual(self.found(long_tailed(0.02), 15, 12), 9)

    def test_where_nobody_can_say_nobody_says(self):
        dice = random.Random(13)
        words = [judge([row_of("row", 10, two_peaked(0.1), dice, 1.05)], "wall", 0.05).judgements[0].word
                 for _ in range(10)]
        self.assertGreaterEqual(words.count(INCONCLUSIVE), 9)

    def test_a_ratio_is_off_by_no_bias_where_noise_is_skewed(self):
        dice = random.Random(14)
        ratios = [judge([row_of("row", 15, long_tailed(0.05), dice)], "wall", 0.05).judgements[0].comparison.ratio.value
                  for _ in range(100)]
        self.assertLess(abs(math.log(statistics.median(ratios))), 0.01)


if __name__ == "__main__":
    unittest.main()
