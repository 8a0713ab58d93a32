/* SHA-256 by the examples of FIPS 180-4 and NIST's byte-oriented vectors. */
#include "unit.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/digest.h"

static void digest_is(const void *data, size_t len, const char *want)
{
	uint8_t digest[32];
	own_buf struct buf hex = {0};

	sha256(data, len, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		buf_addf(&hex, "%02x", digest[i]);
	assert_string_equal(hex.data, want);
}

static void text_is(const char *text, const char *want)
{
	digest_is(text, strlen(text), want);
}

static void published_vectors(void **state)
{
	(void)state;
	text_is("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	text_is("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	text_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	text_is("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		"cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
	digest_is("\xbd", 1, "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b");
	digest_is("\xc9\x8c\x8e\x55", 4,
		  "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504");
}

/* Where the padding just fits, and where it needs a block more. */
static void around_a_block(void **state)
{
	static const struct {
		size_t zeros;
		const char *want;
	} row[] = {
		{55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"},
		{56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"},
		{57, "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785"},
		{64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"},
		{1000, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		own_free char *zeros = xcalloc(1, row[i].zeros);

		digest_is(zeros, row[i].zeros, row[i].want);
	}
}

static void a_million_times_a(void **state)
{
	own_free char *text = xmalloc(1000000);

	(void)state;
	memset(text, 'a', 1000000);
	digest_is(text, 1000000,
		  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors),
		cmocka_unit_test(around_a_block),
		cmocka_unit_test(a_million_times_a),
	};

	return cmocka_run_group_tests_name("base_digest", tests, NULL, NULL);
}
