/*
 * FOR_EACH_ISA: compile a function for several instruction sets; the loader picks one. (The
 * sanitizers' runtime is not ready when it does.)
 */
#ifndef DDMD_CVAE_ISA_H
#define DDMD_CVAE_ISA_H

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define FOR_EACH_ISA __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define FOR_EACH_ISA
#endif

#endif
