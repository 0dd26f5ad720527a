/*
 * FOR_EACH_ISA before a function: it is compiled for several instruction sets, and the loader picks
 * one. Each gives the same bits where operations are not fused: everywhere but in files that are
 * compiled with -ffp-contract=fast. The sanitizers' runtime is not ready when the loader picks.
 */
#ifndef DDMD_CORE_ISA_H
#define DDMD_CORE_ISA_H

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define FOR_EACH_ISA __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define FOR_EACH_ISA
#endif

#endif
