// What a library would be: here it only says how long its rows take.
#pragma once

inline constexpr double nanoseconds_of_steady = 100;
inline constexpr double nanoseconds_of_other = 2000;
inline constexpr const char* failure_of_frail = "";
