/*
 * FOR_EACH_ISA before a function: it is compiled for several instruction sets, and the loader picks
 * one. Every set gives the same bits: no step rounds differently where operations are not fused
 * (-ffp-contract=off). The sanitizers' runtime is not ready when the loader picks.
 */
#ifndef DDMD_MOLECULE_ISA_H
#define DDMD_MOLECULE_ISA_H

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define FOR_EACH_ISA __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define FOR_EACH_ISA
#endif

#endif
