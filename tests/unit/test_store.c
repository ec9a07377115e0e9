/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: blobs, names of images, locks, the sweep
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/err.h"
#include "os/file.h"
#include "store/images.h"
#include "store/layer.h"
#include "store/store.h"

#include "test.h"

static char path[64];

static struct store *make_store(void)
{
	struct store *s = NULL;
	struct err e = { 0 };

	snprintf(path, sizeof(path), "/tmp/dolium-store-XXXXXX");
	CHECK(mkdtemp(path));
	strcat(path, "/a/b");
	CHECK_INT(store_open(path, &s, &e), 0);
	return s;
}

static void done(struct store *s)
{
	char command[128];

	store_close(s);
	path[strlen(path) - 4] = '\0';
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	CHECK_INT(system(command), 0);
}

static struct digest digest_of(unsigned char fill)
{
	struct digest d;

	memset(d.bytes, fill, sizeof(d.bytes));
	return d;
}

/* A layer that looks whole: the test of images needs its name only. */
static void fake_layer(struct store *s, const struct digest *id)
{
	char name[128] = "layers/";

	digest_hex(id, name + strlen(name));
	CHECK(mkdirat(store_dir(s), name, 0700) == 0);
	strcat(name, "/tree");
	CHECK(mkdirat(store_dir(s), name, 0700) == 0);
}

static struct digest record(
    struct store *s, const char *config, const char *name, unsigned char layer_fill)
{
	struct digest layer = digest_of(layer_fill);
	struct image image = {
		.added = 100 + layer_fill, .size = 7, .layers = &layer, .n_layers = 1
	};
	struct err e = { 0 };
	int r;

	strcpy(image.os, "linux");
	strcpy(image.arch, "amd64");
	CHECK_INT(store_blob_put(s, config, strlen(config), &image.id, &e), 0);
	if (!layer_exists(s, &layer))
		fake_layer(s, &layer);
	r = image_record(s, &image, name, NULL, &e);
	if (r < 0)
		printf("# %s\n", e.text);
	CHECK_INT(r, 0);
	return image.id;
}

TEST(keeps_a_blob_and_gives_it_back)
{
	struct store *s = make_store();
	struct err e = { 0 };
	struct digest d;
	char hex[DIGEST_HEX_LEN + 1], *text;
	size_t len;

	CHECK_INT(store_blob_put(s, "abc", 3, &d, &e), 0);
	digest_hex(&d, hex);
	CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	CHECK_INT(store_blob_put(s, "abc", 3, &d, &e), 0);
	CHECK(store_blob_exists(s, &d));
	CHECK_INT(store_blob_read(s, &d, 3, &text, &len, &e), 0);
	CHECK_STR(text, "abc");
	free(text);
	CHECK_INT(store_blob_read(s, &d, 2, &text, &len, &e), -EFBIG);
	CHECK_INT(store_blob_remove(s, &d, &e), 0);
	CHECK_INT(store_blob_open(s, &d, &e), -ENOENT);
	CHECK_STR(e.text,
	    "no such blob: "
	    "'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'");
	done(s);
}

TEST(finds_an_image_by_name_and_by_the_start_of_its_id)
{
	struct store *s = make_store();
	struct image *image = NULL;
	struct err e = { 0 };
	char text[DIGEST_TEXT_MAX];
	struct digest id;

	CHECK_INT(image_find(s, "docker.io/library/a:latest", &image, &e), -ENOENT);
	CHECK_STR(e.text, "no such image: 'docker.io/library/a:latest'");
	id = record(s, "{\"a\":1}", "docker.io/library/a:latest", 1);
	CHECK_INT(image_find(s, "docker.io/library/a:latest", &image, &e), 0);
	CHECK(digest_equal(&image->id, &id));
	CHECK_INT(image->n_layers, 1);
	CHECK_INT(image->layers[0].bytes[5], 1);
	CHECK_INT(image->size, 7);
	CHECK_STR(image->arch, "amd64");
	CHECK_INT(image->names.n, 1);
	image_free(image);

	digest_format(&id, text);
	for (size_t len = DIGEST_HEX_LEN; len > 0; len--) {
		text[7 + len] = '\0';
		CHECK_INT(image_find(s, text + 7, &image, &e), 0);
		image_free(image);
		CHECK_INT(image_find(s, text, &image, &e), 0);
		image_free(image);
	}
	CHECK_INT(image_find(s, "%", &image, &e), -ENOENT);
	CHECK_INT(image_find(s, "", &image, &e), -ENOENT);
	done(s);
}

TEST(an_id_that_starts_as_another_is_not_guessed)
{
	struct store *s = make_store();
	struct image *image = NULL;
	struct err e = { 0 };
	char text[16];
	int n = 0;

	/* Seventeen images: two of them have the same first digit. */
	for (; n < 17; n++) {
		snprintf(text, sizeof(text), "{\"n\":%d}", n);
		record(s, text, NULL, 1);
	}
	n = 0;
	for (const char *digit = "0123456789abcdef"; *digit; digit++) {
		char prefix[2] = { *digit, '\0' };
		int r = image_find(s, prefix, &image, &e);

		if (r == 0)
			image_free(image);
		n += r == -ENOTUNIQ;
	}
	CHECK(n > 0);
	done(s);
}

TEST(a_name_moves_and_goes)
{
	struct store *s = make_store();
	struct image *image = NULL;
	struct digest one, two;
	struct err e = { 0 };

	one = record(s, "{\"a\":1}", "reg/x:1", 1);
	two = record(s, "{\"a\":2}", "reg/x:1", 2);
	CHECK_INT(image_find(s, "reg/x:1", &image, &e), 0);
	CHECK(digest_equal(&image->id, &two));
	image_free(image);
	CHECK_INT(image_name_add(s, &one, "reg/x:old", &e), 0);
	CHECK_INT(image_find(s, "reg/x:old", &image, &e), 0);
	CHECK(digest_equal(&image->id, &one));
	image_free(image);
	CHECK_INT(image_name_remove(s, "reg/x:old", &e), 0);
	CHECK_INT(image_name_remove(s, "reg/x:old", &e), -ENOENT);
	one = digest_of(9);
	CHECK_INT(image_name_add(s, &one, "reg/x:no", &e), -ENOENT);
	done(s);
}

TEST(lists_the_newest_first)
{
	struct store *s = make_store();
	struct image **images;
	struct err e = { 0 };
	size_t n;

	CHECK_INT(images_list(s, &images, &n, &e), 0);
	CHECK_INT(n, 0);
	record(s, "{\"a\":1}", "a:1", 1);
	record(s, "{\"a\":3}", "c:1", 3);
	record(s, "{\"a\":2}", "b:1", 2);
	CHECK_INT(images_list(s, &images, &n, &e), 0);
	CHECK_INT(n, 3);
	CHECK_STR(images[0]->names.items[0], "c:1");
	CHECK_STR(images[2]->names.items[0], "a:1");
	images_free(images, n);
	done(s);
}

TEST(removing_an_image_keeps_what_another_one_needs)
{
	struct store *s = make_store();
	struct digest shared = digest_of(1), own = digest_of(2), one, two;
	struct err e = { 0 };

	one = record(s, "{\"a\":1}", "a:1", 1);
	(void)record(s, "{\"b\":1}", "b:1", 1);
	two = record(s, "{\"c\":1}", "c:1", 2);
	CHECK_INT(image_remove(s, &one, &e), 0);
	CHECK(layer_exists(s, &shared));
	CHECK(!store_blob_exists(s, &one));
	CHECK_INT(image_remove(s, &two, &e), 0);
	CHECK(!layer_exists(s, &own));
	CHECK_INT(image_remove(s, &two, &e), -ENOENT);
	done(s);
}

TEST(nothing_is_collected_while_somebody_holds_the_store)
{
	struct store *s = make_store();
	struct digest layer = digest_of(5);
	struct err e = { 0 };
	uint64_t bytes;
	int hold;

	fake_layer(s, &layer);
	hold = store_hold(s, &e);
	CHECK(hold >= 0);
	CHECK_INT(images_collect(s, &bytes, &e), 0);
	CHECK(layer_exists(s, &layer));
	close(hold);
	CHECK_INT(images_collect(s, &bytes, &e), 0);
	CHECK(!layer_exists(s, &layer));
	done(s);
}

TEST(an_image_is_not_recorded_without_its_parts)
{
	struct store *s = make_store();
	struct digest layer = digest_of(7);
	struct image image = { .id = digest_of(8), .layers = &layer, .n_layers = 1 };
	struct err e = { 0 };

	CHECK_INT(image_record(s, &image, "a:1", NULL, &e), -ENOENT);
	CHECK_INT(store_blob_put(s, "{}", 2, &image.id, &e), 0);
	CHECK_INT(image_record(s, &image, "a:1", NULL, &e), -ENOENT);
	done(s);
}

TEST(a_damaged_list_of_images_is_said_and_nothing_collected)
{
	struct store *s = make_store();
	struct digest layer = digest_of(1);
	struct image *image = NULL;
	struct store *again = NULL;
	struct err e = { 0 };
	uint64_t bytes;
	int fd;

	record(s, "{\"a\":1}", "a:1", 1);
	fd = openat(store_dir(s), "dolium.db", O_RDWR | O_CLOEXEC);
	unlinkat(store_dir(s), "dolium.db-wal", 0);
	unlinkat(store_dir(s), "dolium.db-shm", 0);
	CHECK(ftruncate(fd, 0) == 0);
	for (int i = 0; i < 500; i++)
		CHECK(write(fd, "this is no database, ", 21) == 21);
	CHECK_INT(store_open(path, &again, &e), 0);
	CHECK_INT(image_find(again, "a:1", &image, &e), -EBADMSG);
	CHECK(strstr(e.text, "dolium.db' is damaged"));
	CHECK(*e.hint);
	CHECK_INT(images_collect(again, &bytes, &e), -EBADMSG);
	CHECK(layer_exists(again, &layer));
	store_close(again);
	done(s);
}

TEST(suggests_the_name_that_is_nearly_so)
{
	struct store *s = make_store();
	char *name = NULL;

	CHECK_INT(image_suggest(s, "docker.io/library/debain:latest", &name), -ENOENT);
	record(s, "{\"a\":1}", "docker.io/library/debian:latest", 1);
	record(s, "{\"a\":2}", "docker.io/library/busybox:latest", 2);
	CHECK_INT(image_suggest(s, "docker.io/library/debain:latest", &name), 0);
	CHECK_STR(name, "debian");
	free(name);
	CHECK_INT(image_suggest(s, "docker.io/library/postgres:latest", &name), -ENOENT);
	done(s);
}

TEST(eight_writers_at_once_all_get_their_names)
{
	struct store *s = make_store();
	struct image **images;
	struct err e = { 0 };
	size_t n;

	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			struct store *own = NULL;
			char name[32], text[32];

			CHECK_INT(store_open(path, &own, &e), 0);
			for (int j = 0; j < 5; j++) {
				snprintf(name, sizeof(name), "w%d:%d", i, j);
				snprintf(text, sizeof(text), "{\"n\":%d}", i * 10 + j);
				record(own, text, name, (unsigned char)(10 + i));
			}
			store_close(own);
			_exit(0);
		}
	}
	for (int i = 0; i < 8; i++) {
		int status;

		CHECK(wait(&status) > 0);
		CHECK_INT(status, 0);
	}
	CHECK_INT(images_list(s, &images, &n, &e), 0);
	CHECK_INT(n, 40);
	images_free(images, n);
	done(s);
}

TEST(what_is_discarded_is_gone_at_once_and_swept_later)
{
	struct store *s = make_store();
	struct err e = { 0 };
	int fd;

	CHECK(mkdirat(store_dir(s), "containers/x", 0700) == 0);
	CHECK(mkdirat(store_dir(s), "containers/x/y", 0) == 0);
	fd = openat(store_dir(s), "containers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(store_discard(s, fd, "x", &e), 0);
	CHECK_INT(store_discard(s, fd, "x", &e), -ENOENT);
	CHECK(faccessat(fd, "x", F_OK, 0) < 0);
	store_sweep(s, 10000000);
	CHECK_INT(unlinkat(store_dir(s), "trash", AT_REMOVEDIR), 0);
	done(s);
}

TEST(what_is_locked_in_tmp_is_not_swept)
{
	struct store *s = make_store();
	int fd;

	CHECK(mkdirat(store_dir(s), "tmp/mine", 0700) == 0);
	CHECK(mkdirat(store_dir(s), "tmp/old", 0700) == 0);
	fd = openat(store_dir(s), "tmp/mine", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(flock(fd, LOCK_EX) == 0);
	store_sweep(s, 10000000);
	CHECK(faccessat(store_dir(s), "tmp/mine", F_OK, 0) == 0);
	CHECK(faccessat(store_dir(s), "tmp/old", F_OK, 0) < 0);
	close(fd);
	store_sweep(s, 10000000);
	CHECK(faccessat(store_dir(s), "tmp/mine", F_OK, 0) < 0);
	done(s);
}

TEST(a_store_that_others_may_write_to_is_refused)
{
	struct store *s = make_store(), *again = NULL;
	struct err e = { 0 };

	CHECK(chmod(path, 0777) == 0);
	CHECK_INT(store_open(path, &again, &e), -EPERM);
	CHECK(strstr(e.text, "others may write to it"));
	CHECK(*e.hint);
	done(s);
}

/* A worker that was taken over may have put a pipe or a device where its parent writes next. */
TEST(a_file_is_replaced_without_opening_what_is_in_its_way)
{
	struct store *s = make_store();
	AUTO_FREE char *text = NULL;
	char next[64];

	snprintf(next, sizeof(next), "record.json.%d.next", getpid());
	CHECK(mknodat(store_dir(s), next, S_IFIFO | 0600, 0) == 0);
	alarm(10); /* to open it would wait for a reader */
	CHECK_INT(file_replace(store_dir(s), "record.json", "new", 3, 0600), 0);
	CHECK_INT(file_read(store_dir(s), "record.json", 16, &text, NULL), 0);
	CHECK(strcmp(text, "new") == 0);
	alarm(0);
	done(s);
}
