/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc/slabinfo shows on three kernels, each with two CPUs and 4 KiB pages; most caches left
 * out. */
#ifndef TCPSTATED_TESTS_SLABINFO_SAMPLE_H
#define TCPSTATED_TESTS_SLABINFO_SAMPLE_H

#define SLABINFO_HEAD                                                                              \
	"slabinfo - version: 2.1\n"                                                                \
	"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : "      \
	"tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> "      \
	"<sharedavail>\n"

/* Linux 6.18: skbuff_fclone_cache goes by the name of pool_workqueue, and both bind buckets by
 * that of eventpoll_epi. */
#define SLABINFO_6_18                                                                              \
	SLABINFO_HEAD                                                                              \
	"UDPv6 44 44 1472 22 8 : tunables 0 0 0 : slabdata 2 2 0\n"                                \
	"tw_sock_TCPv6 64 128 256 16 1 : tunables 0 0 0 : slabdata 8 8 0\n"                        \
	"request_sock_TCPv6 180 240 320 12 1 : tunables 0 0 0 : slabdata 20 20 0\n"                \
	"TCPv6 104 156 2496 13 8 : tunables 0 0 0 : slabdata 12 12 0\n"                            \
	"tw_sock_TCP 864 864 256 16 1 : tunables 0 0 0 : slabdata 54 54 0\n"                       \
	"request_sock_TCP 168 228 320 12 1 : tunables 0 0 0 : slabdata 19 19 0\n"                  \
	"TCP 1514 2210 2368 13 8 : tunables 0 0 0 : slabdata 170 170 0\n"                          \
	"eventpoll_epi 536 672 128 32 1 : tunables 0 0 0 : slabdata 21 21 0\n"                     \
	"sock_inode_cache 277 475 832 19 4 : tunables 0 0 0 : slabdata 25 25 0\n"                  \
	"skbuff_small_head 1484 1484 576 14 2 : tunables 0 0 0 : slabdata 106 106 0\n"             \
	"skbuff_head_cache 456 560 256 16 1 : tunables 0 0 0 : slabdata 35 35 0\n"                 \
	"filp 866 1008 192 21 1 : tunables 0 0 0 : slabdata 48 48 0\n"                             \
	"dentry 87178 87297 192 21 1 : tunables 0 0 0 : slabdata 4157 4157 0\n"                    \
	"lsm_inode_cache 71774 73344 32 128 1 : tunables 0 0 0 : slabdata 573 573 0\n"             \
	"lsm_file_cache 1110 1870 24 170 1 : tunables 0 0 0 : slabdata 11 11 0\n"                  \
	"vm_area_struct 1552 1995 192 21 1 : tunables 0 0 0 : slabdata 95 95 0\n"                  \
	"anon_vma_chain 931 1024 64 64 1 : tunables 0 0 0 : slabdata 16 16 0\n"                    \
	"pid 399 399 192 21 1 : tunables 0 0 0 : slabdata 19 19 0\n"                               \
	"shared_policy_node 255 255 48 85 1 : tunables 0 0 0 : slabdata 3 3 0\n"                   \
	"pool_workqueue 1616 1616 512 16 2 : tunables 0 0 0 : slabdata 101 101 0\n"                \
	"kmalloc-1k 669 704 1024 16 4 : tunables 0 0 0 : slabdata 44 44 0\n"                       \
	"kmalloc-128 7372 7456 128 32 1 : tunables 0 0 0 : slabdata 233 233 0\n"

/* Debian 6.12.117: lsm_file_cache is merged with another cache of 48 bytes, too. */
#define SLABINFO_6_12                                                                              \
	SLABINFO_HEAD                                                                              \
	"UDPv6 0 0 1344 12 4 : tunables 0 0 0 : slabdata 0 0 0\n"                                  \
	"tw_sock_TCPv6 0 0 256 16 1 : tunables 0 0 0 : slabdata 0 0 0\n"                           \
	"request_sock_TCPv6 0 0 312 13 1 : tunables 0 0 0 : slabdata 0 0 0\n"                      \
	"TCPv6 0 0 2624 12 8 : tunables 0 0 0 : slabdata 0 0 0\n"                                  \
	"tw_sock_TCP 0 0 256 16 1 : tunables 0 0 0 : slabdata 0 0 0\n"                             \
	"request_sock_TCP 0 0 312 13 1 : tunables 0 0 0 : slabdata 0 0 0\n"                        \
	"TCP 0 0 2432 13 8 : tunables 0 0 0 : slabdata 0 0 0\n"                                    \
	"sock_inode_cache 38 38 832 19 4 : tunables 0 0 0 : slabdata 2 2 0\n"                      \
	"skbuff_small_head 46 46 704 23 4 : tunables 0 0 0 : slabdata 2 2 0\n"                     \
	"skbuff_head_cache 32 32 256 16 1 : tunables 0 0 0 : slabdata 2 2 0\n"                     \
	"filp 42 42 192 21 1 : tunables 0 0 0 : slabdata 2 2 0\n"                                  \
	"dentry 504 504 192 21 1 : tunables 0 0 0 : slabdata 24 24 0\n"                            \
	"lsm_inode_cache 552 552 88 46 1 : tunables 0 0 0 : slabdata 12 12 0\n"                    \
	"vm_area_struct 23 23 176 23 1 : tunables 0 0 0 : slabdata 1 1 0\n"                        \
	"anon_vma_chain 128 128 64 64 1 : tunables 0 0 0 : slabdata 2 2 0\n"                       \
	"pid 128 128 128 32 1 : tunables 0 0 0 : slabdata 4 4 0\n"                                 \
	"shared_policy_node 510 510 48 85 1 : tunables 0 0 0 : slabdata 6 6 0\n"                   \
	"pool_workqueue 144 144 512 16 2 : tunables 0 0 0 : slabdata 9 9 0\n"                      \
	"kmalloc-1k 288 288 1024 16 4 : tunables 0 0 0 : slabdata 18 18 0\n"                       \
	"kmalloc-128 416 416 128 32 1 : tunables 0 0 0 : slabdata 13 13 0\n"

/* Debian 12, 6.1.192: the bind buckets are merged with other caches of 128 and of 64 bytes, and
 * there is no skbuff_small_head yet. */
#define SLABINFO_6_1                                                                               \
	SLABINFO_HEAD                                                                              \
	"UDPv6 0 0 1344 12 4 : tunables 0 0 0 : slabdata 0 0 0\n"                                  \
	"tw_sock_TCPv6 0 0 272 15 1 : tunables 0 0 0 : slabdata 0 0 0\n"                           \
	"request_sock_TCPv6 0 0 312 13 1 : tunables 0 0 0 : slabdata 0 0 0\n"                      \
	"TCPv6 0 0 2496 13 8 : tunables 0 0 0 : slabdata 0 0 0\n"                                  \
	"tw_sock_TCP 0 0 272 15 1 : tunables 0 0 0 : slabdata 0 0 0\n"                             \
	"request_sock_TCP 0 0 312 13 1 : tunables 0 0 0 : slabdata 0 0 0\n"                        \
	"TCP 0 0 2304 14 8 : tunables 0 0 0 : slabdata 0 0 0\n"                                    \
	"sock_inode_cache 38 38 832 19 4 : tunables 0 0 0 : slabdata 2 2 0\n"                      \
	"skbuff_ext_cache 42 42 192 21 1 : tunables 0 0 0 : slabdata 2 2 0\n"                      \
	"skbuff_fclone_cache 16 16 512 16 2 : tunables 0 0 0 : slabdata 1 1 0\n"                   \
	"skbuff_head_cache 32 32 256 16 1 : tunables 0 0 0 : slabdata 2 2 0\n"                     \
	"filp 32 32 256 16 1 : tunables 0 0 0 : slabdata 2 2 0\n"                                  \
	"dentry 10080 10080 192 21 1 : tunables 0 0 0 : slabdata 480 480 0\n"                      \
	"lsm_inode_cache 10240 10240 32 128 1 : tunables 0 0 0 : slabdata 80 80 0\n"               \
	"lsm_file_cache 340 340 24 170 1 : tunables 0 0 0 : slabdata 2 2 0\n"                      \
	"vm_area_struct 52 52 152 26 1 : tunables 0 0 0 : slabdata 2 2 0\n"                        \
	"anon_vma_chain 128 128 64 64 1 : tunables 0 0 0 : slabdata 2 2 0\n"                       \
	"pid 96 96 128 32 1 : tunables 0 0 0 : slabdata 3 3 0\n"                                   \
	"shared_policy_node 510 510 48 85 1 : tunables 0 0 0 : slabdata 6 6 0\n"                   \
	"kmalloc-1k 272 272 1024 16 4 : tunables 0 0 0 : slabdata 17 17 0\n"                       \
	"kmalloc-128 384 384 128 32 1 : tunables 0 0 0 : slabdata 12 12 0\n"

#endif
