// Role: marks a function that is compiled for several vector units and chosen when the program starts. Not under a
// sanitizer, whose runtime is not up yet when the choice is made.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define MEDIMIRROR_VECTOR_CODE __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define MEDIMIRROR_VECTOR_CODE
#endif
