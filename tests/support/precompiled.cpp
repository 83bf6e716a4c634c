// Compiled for the sake of precompiled.hpp, which every test program takes over from here.
