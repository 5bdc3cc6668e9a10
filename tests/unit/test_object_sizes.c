/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "basic/macro.h"
#include "basic/unknown.h"
#include "btf_blob.h"
#include "fake_files.h"
#include "kernel/memory/object_sizes.h"
#include "slabinfo_sample.h"
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#define IN_CGROUP "0::/system.slice/tcpstated.service\n"

static struct prices prices_of(
	struct fake_files *f, const char *slabinfo_path, uint64_t *ret_slab_bytes)
{
	struct prices p;

	assert_int_equal(prices_read(&f->source, slabinfo_path, &p, ret_slab_bytes), 0);
	return p;
}

static void assert_prices(const struct prices *p, const uint32_t bytes[OBJECT_COUNT])
{
	OBJECT_FOREACH(o)
		assert_int_equal(p->object[o].bytes, bytes[o]);
}

static void add_two_cpus(struct fake_files *f)
{
	fake_files_add_text(f, "/sys/devices/system/cpu/present", "0-1\n");
}

/* The merged caches get their packing from a cache of the same size; their size is the table's,
 * without links and BTF. */
static void test_prices_read_slabinfo(void **state)
{
	static const uint32_t bytes[OBJECT_COUNT] = {
		2341, 2521, 273, 273, 315, 315, 862, 256, 195, 32, 24, 128, 64, 256, 512, 1024};
	struct fake_files f = FAKE_FILES;
	uint64_t slab_bytes;
	struct prices p;

	(void)state;
	fake_files_add_text(&f, "/proc/slabinfo", SLABINFO_6_1);
	add_two_cpus(&f);
	p = prices_of(&f, NULL, &slab_bytes);
	assert_int_equal(p.source, PRICES_FROM_SLABINFO);
	assert_int_equal(slab_bytes, 0);
	assert_prices(&p, bytes);
	free(f.attached);
}

static void test_prices_read_slabinfo_merged_caches_by_btf(void **state)
{
	static const uint32_t bytes[OBJECT_COUNT] = {
		2530, 2530, 264, 264, 349, 349, 872, 204, 204, 32, 24, 136, 136, 256, 512, 585};
	struct fake_files f = FAKE_FILES;
	struct btf_blob b = BTF_BLOB;
	uint64_t slab_bytes;
	struct prices p;

	(void)state;
	btf_blob_struct(&b, "tcp_sock", 1, "x");
	btf_blob_struct(&b, "inet_bind_bucket", 88, "x");
	btf_blob_struct(&b, "inet_bind2_bucket", 80, "x");
	btf_blob_struct(&b, "sk_buff_fclones", 456, "x");
	fake_files_add(&f, "/sys/kernel/btf/vmlinux", b.bytes, btf_blob_finish(&b));
	fake_files_add_text(&f, "/proc/slabinfo", SLABINFO_6_18);
	fake_files_add_text(&f, "/proc/self/cgroup", IN_CGROUP);
	p = prices_of(&f, "", &slab_bytes);
	assert_int_equal(p.source, PRICES_FROM_SLABINFO);
	assert_int_equal(slab_bytes, 101 * 4096 + 182 * 32768);
	assert_prices(&p, bytes);
	free(f.attached);
}

static void test_prices_read_credential_comes_first(void **state)
{
	struct fake_files f = FAKE_FILES;
	uint64_t slab_bytes;
	struct prices p;

	(void)state;
	fake_files_add_text(&f, "/run/credentials/x/slabinfo", SLABINFO_6_12);
	fake_files_add_text(&f, "/proc/slabinfo", SLABINFO_6_18);
	setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1);
	p = prices_of(&f, NULL, &slab_bytes);
	assert_int_equal(p.object[OBJECT_TCP_SOCK].object_size, 2432);
	setenv("CREDENTIALS_DIRECTORY", "/run/credentials/y", 1);
	p = prices_of(&f, NULL, &slab_bytes);
	assert_int_equal(p.object[OBJECT_TCP_SOCK].object_size, 2368);
	unsetenv("CREDENTIALS_DIRECTORY");
	free(f.attached);
}

static void test_prices_read_btf(void **state)
{
	struct fake_files f = FAKE_FILES;
	struct btf_blob b = BTF_BLOB;
	uint64_t slab_bytes = 0;
	struct prices p;

	(void)state;
	btf_blob_struct(&b, "tcp_sock", 2304, "x");
	btf_blob_struct(&b, "tcp_timewait_sock", 248, "x");
	fake_files_add(&f, "/sys/kernel/btf/vmlinux", b.bytes, btf_blob_finish(&b));
	fake_files_add_text(&f, "/proc/slabinfo", "not for you");
	add_two_cpus(&f);
	p = prices_of(&f, NULL, &slab_bytes);
	assert_int_equal(p.source, PRICES_FROM_BTF);
	assert_int_equal(slab_bytes, UNKNOWN);
	assert_int_equal(p.object[OBJECT_TCP_SOCK].bytes, 2521);
	assert_int_equal(p.object[OBJECT_TW_SOCK].bytes, 256);
	assert_int_equal(p.object[OBJECT_BIND2_BUCKET].bytes, 0);
	free(f.attached);
}

static void test_prices_read_table(void **state)
{
	static const uint32_t bytes[OBJECT_COUNT] = {
		2341, 2521, 273, 273, 315, 315, 862, 256, 195, 32, 24, 128, 64, 256, 512, 1024};
	struct fake_files f = FAKE_FILES;
	uint64_t slab_bytes = 0;
	struct prices p;

	(void)state;
	add_two_cpus(&f);
	p = prices_of(&f, NULL, &slab_bytes);
	assert_int_equal(p.source, PRICES_FROM_TABLE);
	assert_int_equal(slab_bytes, UNKNOWN);
	assert_prices(&p, bytes);
	free(f.attached);
}

/* What one run found out is all that another needs, on a machine that has no other file. */
static void test_prices_read_attachment_replays(void **state)
{
	struct fake_files recorded = FAKE_FILES, replayed = FAKE_FILES;
	uint64_t slab_bytes, replayed_slab_bytes;
	struct prices p, q;

	(void)state;
	fake_files_add_text(&recorded, "/proc/slabinfo", SLABINFO_6_18);
	fake_files_add_text(&recorded, "/proc/self/cgroup", IN_CGROUP);
	p = prices_of(&recorded, NULL, &slab_bytes);
	fake_files_add_text(&replayed, "object-layout", recorded.attached);
	fake_files_add_text(&replayed, "/proc/slabinfo", SLABINFO_6_1);
	q = prices_of(&replayed, NULL, &replayed_slab_bytes);
	assert_memory_equal(&p, &q, sizeof(p));
	assert_int_equal(slab_bytes, replayed_slab_bytes);
	assert_string_equal(recorded.attached, replayed.attached);
	free(recorded.attached);
	free(replayed.attached);
}

static void test_prices_read_damaged_attachment(void **state)
{
	struct fake_files f = FAKE_FILES;
	uint64_t slab_bytes;

	(void)state;
	fake_files_add_text(&f, "object-layout", "source slabinfo\nmemcg maybe\n");
	fake_files_add_text(&f, "/proc/slabinfo", SLABINFO_6_12);
	assert_int_equal(
		prices_of(&f, NULL, &slab_bytes).object[OBJECT_TCP_SOCK].object_size, 2432);
	free(f.attached);
}

/* A 32-bit kernel has shorter vectors of charges. */
static void test_prices_read_pointers_of_4_bytes(void **state)
{
	struct fake_files f = FAKE_FILES;
	struct btf_blob b = BTF_BLOB;
	uint64_t slab_bytes;

	(void)state;
	btf_blob_struct(&b, "tcp_sock", 1600, "x");
	btf_blob_struct(&b, "tcp_timewait_sock", 200, "x");
	btf_blob_long(&b, "long unsigned int", 4);
	fake_files_add(&f, "/sys/kernel/btf/vmlinux", b.bytes, btf_blob_finish(&b));
	fake_files_add_text(&f, "/proc/self/cgroup", IN_CGROUP);
	/* 20 objects of 204 bytes, and 20 pointers of 4 bytes in 96 rather than 192. */
	assert_int_equal(prices_of(&f, NULL, &slab_bytes).object[OBJECT_TW_SOCK].bytes,
		(4096 + 96 + 10) / 20);
	assert_non_null(strstr(f.attached, "\npointer_size 4\n"));
	free(f.attached);
}

/* Once a minute: the 5 MB of BTF that a price list may need are not read. */
static void test_slab_bytes_read_one_file(void **state)
{
	struct fake_files f = FAKE_FILES;

	(void)state;
	fake_files_add_text(&f, "/proc/slabinfo", SLABINFO_6_1);
	assert_int_equal(slab_bytes_read(&f.source), 0);
	assert_int_equal(f.reads, 1);
	assert_null(f.attached);

	f = FAKE_FILES;
	fake_files_add_text(&f, "/proc/slabinfo", SLABINFO_6_18);
	assert_int_equal(slab_bytes_read(&f.source), 101 * 4096 + 182 * 32768);
	f = FAKE_FILES;
	assert_int_equal(slab_bytes_read(&f.source), UNKNOWN);
	assert_int_equal(f.reads, 1);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void test_prices_read_given_file(void **state)
{
	char path[] = "/tmp/slabinfo.XXXXXX";
	struct fake_files f = FAKE_FILES;
	struct prices p = {0};
	uint64_t slab_bytes = 0;

	(void)state;
	close(mkstemp(path));
	fake_files_add_text(&f, "object-layout", "source table\nmemcg no\n");
	fake_files_add_text(&f, "/proc/slabinfo", SLABINFO_6_1);
	write_file(path, SLABINFO_6_12);
	p = prices_of(&f, path, &slab_bytes);
	assert_int_equal(p.source, PRICES_FROM_SLABINFO);
	assert_int_equal(p.object[OBJECT_TCP_SOCK].object_size, 2432);
	assert_int_equal(p.object[OBJECT_SKB_SMALL_HEAD].object_size, 704);

	/* There is no second choice for a file that was asked for. */
	write_file(path, "something else\n");
	assert_int_equal(prices_read(&f.source, path, &p, &slab_bytes), -EBADMSG);
	unlink(path);
	assert_int_equal(prices_read(&f.source, path, &p, &slab_bytes), -ENOENT);
	free(f.attached);
}

static void test_prices_read_charged(void **state)
{
	static const struct {
		const char *cgroup;
		bool charged;
	} rows[] = {
		{"0::/system.slice/x.service\n", true},
		{"0::/\n", false},
		{"0::/x", true},
		{"", false},
		{"\n\n:\n::\n", false},
		{"4:memory:/x\n0::/\n", true},
		{"4:cpu,memory:/x\n", true},
		{"4:memory,cpu:/x\n", true},
		{"4:memoryx,xmemory:/x\n", false},
		{"4:cpu:/memory\n0::/\n", false},
		/* the memory controller is where version 1 has it, whatever version 2 says */
		{"4:memory:/\n0::/user.slice\n", false},
		{"0::/user.slice\n4:memory:/\n", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fake_files f = FAKE_FILES;
		uint64_t slab_bytes;

		fake_files_add_text(&f, "/proc/slabinfo", SLABINFO_6_18);
		fake_files_add_text(&f, "/proc/self/cgroup", rows[i].cgroup);
		assert_int_equal(prices_of(&f, NULL, &slab_bytes).object[OBJECT_TW_SOCK].bytes,
			rows[i].charged ? 264 : 256);
		free(f.attached);
	}
}

static struct object_sizes sample(void)
{
	struct object_sizes s = {.source = PRICES_FROM_BTF,
		.memcg = true,
		.pointer_size = 8,
		.slab_bytes = 1234567890123};

	OBJECT_FOREACH(o)
		s.layout[o] = (struct object_layout){100 + o, 10, 4096};
	s.layout[OBJECT_BIND2_BUCKET] = (struct object_layout){0};
	return s;
}

/* The caller frees it. */
static char *text_of(const struct object_sizes *s)
{
	struct string text = string_up_to(ATTACHMENT_MAX);
	char *ret = NULL;

	object_sizes_format(s, &text);
	assert_int_equal(string_take(&text, &ret, NULL), 0);
	return ret;
}

static void test_object_sizes_format(void **state)
{
	static const char head[] = "source btf\nmemcg yes\nslab_bytes 1234567890123\n"
				   "tcp_sock 100 10 4096\ntcp6_sock 101 10 4096\n";
	struct object_sizes s = sample();
	char *text;

	(void)state;
	text = text_of(&s);
	assert_memory_equal(text, head, strlen(head));
	assert_non_null(strstr(text, "\nbind2_bucket 0 0 0\n"));
	free(text);
}

static void test_object_sizes_round_trip(void **state)
{
	static const struct {
		enum price_source source;
		bool memcg;
		uint32_t pointer_size;
		uint64_t slab_bytes;
	} rows[] = {{PRICES_FROM_SLABINFO, false, 8, 0}, {PRICES_FROM_BTF, true, 4, UNKNOWN},
		{PRICES_FROM_TABLE, false, 8, UNKNOWN - 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct object_sizes s = sample(), read = {0};
		char *text;

		s.source = rows[i].source;
		s.memcg = rows[i].memcg;
		s.pointer_size = rows[i].pointer_size;
		s.slab_bytes = rows[i].slab_bytes;
		text = text_of(&s);
		assert_int_equal(object_sizes_parse(text, strlen(text), &read), 0);
		assert_int_equal(read.source, s.source);
		assert_int_equal(read.memcg, s.memcg);
		assert_int_equal(read.pointer_size, s.pointer_size);
		assert_int_equal(read.slab_bytes, s.slab_bytes);
		assert_memory_equal(read.layout, s.layout, sizeof(s.layout));
		free(text);
	}
}

/* Any byte less, more or other makes it something else. */
static void test_object_sizes_parse_strict(void **state)
{
	struct object_sizes s = sample(), read;
	size_t length;
	char *text;

	(void)state;
	text = text_of(&s);
	length = strlen(text);
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(object_sizes_parse(text, cut, &read), -EBADMSG);
	assert_int_equal(object_sizes_parse(text, length + 1, &read), -EBADMSG);
	for (size_t at = 0; at < length; at++) {
		char was = text[at];

		text[at] = '?';
		assert_int_equal(object_sizes_parse(text, length, &read), -EBADMSG);
		text[at] = was;
	}
	free(text);
}

static void test_object_sizes_parse_unsound_layout(void **state)
{
	struct object_sizes s = sample(), read;
	char *text;

	(void)state;
	s.layout[OBJECT_DENTRY].per_slab = 40;
	text = text_of(&s);
	assert_int_equal(object_sizes_parse(text, strlen(text), &read), -EBADMSG);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prices_read_slabinfo),
		cmocka_unit_test(test_prices_read_slabinfo_merged_caches_by_btf),
		cmocka_unit_test(test_prices_read_credential_comes_first),
		cmocka_unit_test(test_prices_read_btf),
		cmocka_unit_test(test_prices_read_table),
		cmocka_unit_test(test_prices_read_attachment_replays),
		cmocka_unit_test(test_prices_read_damaged_attachment),
		cmocka_unit_test(test_prices_read_pointers_of_4_bytes),
		cmocka_unit_test(test_slab_bytes_read_one_file),
		cmocka_unit_test(test_prices_read_given_file),
		cmocka_unit_test(test_prices_read_charged),
		cmocka_unit_test(test_object_sizes_format),
		cmocka_unit_test(test_object_sizes_round_trip),
		cmocka_unit_test(test_object_sizes_parse_strict),
		cmocka_unit_test(test_object_sizes_parse_unsound_layout),
	};

	unsetenv("CREDENTIALS_DIRECTORY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
