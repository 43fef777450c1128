"""The layers of the fast lane in C, for processors with AVX-512 VNNI: built where there is a compiler, else torch computes."""
