/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "btf_blob.h"
#include "fake_files.h"
#include "kernel/memory/kernel_types.h"
#include "unit.h"

#define BTF_PATH       "/sys/kernel/btf/vmlinux"
#define PROTOCOLS_PATH "/proc/net/protocols"

static const struct slub slub = {.page_size = 4096, .line_size = 64, .cpus = 2};

/* sizeof, in the BTF of each kernel. */
struct kernel {
	uint32_t tcp_sock, tcp6_sock, tcp_timewait_sock, tcp_request_sock, socket_alloc, file,
		dentry;
	uint32_t bind_bucket, bind2_bucket, sk_buff, sk_buff_fclones, shared_info;
	bool has_hotdata;
};

static const struct kernel debian_6_1 = {
	2280, 2440, 264, 304, 768, 232, 192, 72, 64, 232, 472, 320, false};
static const struct kernel debian_6_12 = {
	2368, 2560, 248, 304, 768, 184, 192, 72, 72, 232, 472, 320, true};
static const struct kernel linux_6_18 = {
	2304, 2432, 248, 312, 768, 184, 192, 88, 80, 224, 456, 320, true};

static struct btf_blob btf_of(const struct kernel *k)
{
	struct btf_blob b = BTF_BLOB;

	btf_blob_struct(&b, "tcp_sock", k->tcp_sock, "inet_conn");
	btf_blob_struct(&b, "tcp6_sock", k->tcp6_sock, "tcp");
	btf_blob_struct(&b, "tcp_timewait_sock", k->tcp_timewait_sock, "tw_sk");
	btf_blob_struct(&b, "tcp_request_sock", k->tcp_request_sock, "req");
	btf_blob_struct(&b, "socket_alloc", k->socket_alloc, "socket");
	btf_blob_struct(&b, "file", k->file, "f_lock");
	btf_blob_struct(&b, "dentry", k->dentry, "d_flags");
	btf_blob_struct(&b, "lsm_blob_sizes", 32, "lbs_cred");
	btf_blob_struct(&b, "inet_bind_bucket", k->bind_bucket, "ib_net");
	btf_blob_struct(&b, "inet_bind2_bucket", k->bind2_bucket, "ib_net");
	btf_blob_struct(&b, "sk_buff", k->sk_buff, "next");
	btf_blob_struct(&b, "sk_buff_fclones", k->sk_buff_fclones, "skb1");
	btf_blob_struct(&b, "skb_shared_info", k->shared_info, "flags");
	if (k->has_hotdata)
		btf_blob_struct(&b, "net_hotdata", 424, "skb_small_head_cache");
	return b;
}

static struct kernel_types types_of(struct btf_blob b, const char *protocols)
{
	struct fake_files f = FAKE_FILES;
	struct kernel_types types;

	fake_files_add(&f, BTF_PATH, b.bytes, btf_blob_finish(&b));
	if (protocols)
		fake_files_add_text(&f, PROTOCOLS_PATH, protocols);
	kernel_types_read(&f.source, &types);
	return types;
}

static void assert_object_sizes(
	const struct kernel_types *types, bool small_head, const uint32_t size[OBJECT_COUNT])
{
	OBJECT_FOREACH(o)
		assert_int_equal(kernel_types_object_size(types, &slub, o, small_head), size[o]);
}

#define PROTOCOLS(tcp, tcp6, header)                                                               \
	"protocol  size sockets  memory press maxhdr  slab module     cl co di ac\n"               \
	"TCPv6     " tcp6 "      0       0   no     " header "   yes  kernel      y  y  y  y\n"    \
	"UDP       1344      0       0   NI       0   yes  kernel      y  y  y  n\n"               \
	"TCP       " tcp "      7      -1   no     " header "   yes  kernel      y  y  y  y\n"

/* What slabinfo shows there for the same caches. The blobs of security modules are the table's. */
static void test_kernel_types_debian_6_1(void **state)
{
	static const uint32_t size[OBJECT_COUNT] = {
		2304, 2496, 272, 272, 312, 312, 832, 256, 192, 32, 24, 128, 64, 256, 512, 1024};
	struct kernel_types types = types_of(btf_of(&debian_6_1), PROTOCOLS("2280", "2440", "320"));

	(void)state;
	assert_int_equal(types.source, PRICES_FROM_BTF);
	assert_false(types.has_small_head);
	assert_object_sizes(&types, types.has_small_head, size);
}

static void test_kernel_types_debian_6_12(void **state)
{
	static const uint32_t size[OBJECT_COUNT] = {
		2432, 2624, 256, 256, 312, 312, 832, 192, 192, 32, 24, 128, 128, 256, 512, 704};
	struct kernel_types types =
		types_of(btf_of(&debian_6_12), PROTOCOLS("2368", "2560", "320"));

	(void)state;
	assert_int_equal(types.source, PRICES_FROM_BTF);
	assert_true(types.has_small_head);
	assert_object_sizes(&types, types.has_small_head, size);
}

static void test_kernel_types_linux_6_18(void **state)
{
	static const uint32_t size[OBJECT_COUNT] = {
		2368, 2496, 256, 256, 320, 320, 832, 192, 192, 32, 24, 128, 128, 256, 512, 576};
	struct kernel_types types = types_of(btf_of(&linux_6_18), PROTOCOLS("2304", "2432", "192"));

	(void)state;
	assert_object_sizes(&types, types.has_small_head, size);
}

static void test_kernel_types_pointer_inside_the_socket(void **state)
{
	struct btf_blob b = btf_of(&linux_6_18);
	struct kernel_types types;

	(void)state;
	btf_blob_struct(&b, "proto", 400, "freeptr_offset");
	types = types_of(b, NULL);
	assert_int_equal(kernel_types_object_size(&types, &slub, OBJECT_TCP_SOCK, true), 2304);
	assert_int_equal(kernel_types_object_size(&types, &slub, OBJECT_TCP6_SOCK, true), 2432);
	assert_int_equal(kernel_types_object_size(&types, &slub, OBJECT_TW_SOCK, true), 256);
}

static void test_kernel_types_objects_that_are_not_there(void **state)
{
	struct btf_blob b = BTF_BLOB;
	struct kernel_types types;

	(void)state;
	btf_blob_struct(&b, "tcp_sock", 2280, "inet_conn");
	types = types_of(b, NULL);
	assert_int_equal(types.source, PRICES_FROM_BTF);
	assert_int_equal(types.size[OBJECT_BIND2_BUCKET], 0);
	assert_int_equal(types.size[OBJECT_LSM_INODE], 0);
	assert_int_equal(types.size[OBJECT_LSM_FILE], 0);
	assert_int_equal(kernel_types_object_size(&types, &slub, OBJECT_BIND2_BUCKET, false), 0);
}

/* IPv6 may be a module, whose types are not in the kernel's own BTF. */
static void test_kernel_types_ipv6_of_a_module(void **state)
{
	struct btf_blob b = BTF_BLOB;

	(void)state;
	btf_blob_struct(&b, "tcp_sock", 2280, "inet_conn");
	assert_int_equal(types_of(b, NULL).size[OBJECT_TCP6_SOCK], 0);
	assert_int_equal(
		types_of(b, PROTOCOLS("2280", "2440", "320")).size[OBJECT_TCP6_SOCK], 2440);
}

static void assert_table(const struct kernel_types *types)
{
	static const uint32_t size[OBJECT_COUNT] = {
		2304, 2496, 272, 272, 312, 312, 832, 256, 192, 32, 24, 128, 64, 256, 512, 1024};

	assert_int_equal(types->source, PRICES_FROM_TABLE);
	assert_object_sizes(types, types->has_small_head, size);
}

static void test_kernel_types_table(void **state)
{
	struct fake_files f = FAKE_FILES;
	struct kernel_types types;

	(void)state;
	kernel_types_read(&f.source, &types);
	assert_table(&types);
}

static void test_kernel_types_strange_btf(void **state)
{
	struct btf_blob b = BTF_BLOB;
	struct fake_files f = FAKE_FILES;
	struct kernel_types types;

	(void)state;
	btf_blob_struct(&b, "file", 184, "f_lock");
	types = types_of(b, NULL);
	assert_table(&types);
	fake_files_add_text(&f, BTF_PATH, "no BTF");
	kernel_types_read(&f.source, &types);
	assert_table(&types);
}

/* The running kernel's own sizes are better than the table's wherever they can be had. */
static void test_kernel_types_table_with_protocols(void **state)
{
	struct fake_files f = FAKE_FILES;
	struct kernel_types types;

	(void)state;
	fake_files_add_text(&f, PROTOCOLS_PATH, PROTOCOLS("2304", "2432", "192"));
	kernel_types_read(&f.source, &types);
	assert_int_equal(types.source, PRICES_FROM_TABLE);
	assert_int_equal(types.size[OBJECT_TCP_SOCK], 2304);
	assert_int_equal(types.size[OBJECT_TCP6_SOCK], 2432);
	assert_int_equal(types.max_header, 192);
}

static void test_kernel_types_strange_protocols(void **state)
{
	static const char *const strange[] = {"", "TCP", "TCP \n", "TCP\n2304", "TCP x\nTCPv6 -1\n",
		"TCP 99999999999\n", "TCP  \n 1 2 3 4 5 6 7",
		"UDP 1 2 3 4 5 6\nXTCP 1 2 3 4 5 6\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(strange); i++) {
		struct fake_files f = FAKE_FILES;
		struct kernel_types types;

		fake_files_add_text(&f, PROTOCOLS_PATH, strange[i]);
		kernel_types_read(&f.source, &types);
		assert_table(&types);
	}
}

/* The head of a small cache is never a power of two: 192 + 64 + 256 would be. */
static void test_kernel_types_small_head_no_power_of_two(void **state)
{
	struct kernel_types types = {.max_header = 192};

	(void)state;
	types.size[OBJECT_SKB_SMALL_HEAD] = 256;
	assert_int_equal(kernel_types_object_size(&types, &slub, OBJECT_SKB_SMALL_HEAD, true), 576);
	assert_int_equal(
		kernel_types_object_size(&types, &slub, OBJECT_SKB_SMALL_HEAD, false), 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_types_debian_6_1),
		cmocka_unit_test(test_kernel_types_debian_6_12),
		cmocka_unit_test(test_kernel_types_linux_6_18),
		cmocka_unit_test(test_kernel_types_pointer_inside_the_socket),
		cmocka_unit_test(test_kernel_types_objects_that_are_not_there),
		cmocka_unit_test(test_kernel_types_ipv6_of_a_module),
		cmocka_unit_test(test_kernel_types_table),
		cmocka_unit_test(test_kernel_types_strange_btf),
		cmocka_unit_test(test_kernel_types_table_with_protocols),
		cmocka_unit_test(test_kernel_types_strange_protocols),
		cmocka_unit_test(test_kernel_types_small_head_no_power_of_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
