/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/oci_image.h"

#include "test.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define DESCRIPTOR(type_, digest_, more_) \
	"{\"mediaType\":\"" type_ "\",\"digest\":\"" digest_ "\",\"size\":7" more_ "}"
#define MANIFEST(config_, layers_) \
	"{\"schemaVersion\":2,\"config\":" config_ ",\"layers\":[" layers_ "]}"
#define ENTRY(os_, arch_, digest_)              \
	DESCRIPTOR(MEDIA_OCI_MANIFEST, digest_, \
	    ",\"platform\":{\"os\":\"" os_ "\",\"architecture\":\"" arch_ "\"}")

static struct err e;

static int read_manifest(const char *text, struct oci_manifest *m)
{
	return oci_manifest_parse(text, strlen(text), "manifest", m, &e);
}

static void check_manifest_refused(const char *text, int code, const char *words)
{
	struct oci_manifest m = { 0 };

	CHECK_INT(read_manifest(text, &m), code);
	CHECK(!m.layers && !m.config.media_type);
	CHECK_STR(e.text, words);
}

static void check_config_refused(const char *text, const char *words)
{
	struct oci_image_config c = { 0 };

	CHECK_INT(oci_image_config_parse(text, strlen(text), "config", &c, &e), -EBADMSG);
	CHECK_STR(e.text, words);
}

TEST(reads_a_manifest_of_oci_and_of_docker)
{
	static const char oci[] =
	    "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST
	    "\",\"config\":" DESCRIPTOR(MEDIA_OCI_CONFIG, D1, "") ",\"layers\":[" DESCRIPTOR(
	        MEDIA_OCI_LAYER_ZSTD, D2, ",\"annotations\":{\"a\":\"b\"}") "]}";
	static const char docker[] =
	    "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_MANIFEST
	    "\",\"config\":" DESCRIPTOR(MEDIA_DOCKER_CONFIG, D1, "") ",\"layers\":[" DESCRIPTOR(
	        MEDIA_DOCKER_LAYER, D2, "") "]}";
	struct oci_manifest m;

	CHECK_INT(read_manifest(oci, &m), 0);
	CHECK_INT(m.config.digest.bytes[0], 0x11);
	CHECK_INT(m.n_layers, 1);
	CHECK_INT(m.layers[0].digest.bytes[31], 0x22);
	CHECK_INT(m.layers[0].size, 7);
	CHECK_STR(strmap_get(&m.layers[0].annotations, "a"), "b");
	oci_manifest_done(&m);

	CHECK_INT(read_manifest(docker, &m), 0);
	CHECK_INT(layer_compression(m.layers[0].media_type), LAYER_GZIP);
	oci_manifest_done(&m);
}

TEST(tells_a_manifest_from_an_index)
{
	static const char manifest[] = MANIFEST(DESCRIPTOR(MEDIA_OCI_CONFIG, D1, ""), "");
	static const char index[] = "{\"schemaVersion\":2,\"manifests\":[]}";
	static const char both[] = "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}";
	static const char none[] = "{\"schemaVersion\":2}";
	enum manifest_kind kind;

	CHECK_INT(manifest_kind(manifest, strlen(manifest), "m", &kind, &e), 0);
	CHECK_INT(kind, MANIFEST_IMAGE);
	CHECK_INT(manifest_kind(index, strlen(index), "m", &kind, &e), 0);
	CHECK_INT(kind, MANIFEST_INDEX);
	CHECK_INT(manifest_kind(both, strlen(both), "m", &kind, &e), -EBADMSG);
	CHECK_STR(e.text, "m: both a manifest and an index");
	CHECK_INT(manifest_kind(none, strlen(none), "m", &kind, &e), -EBADMSG);
	CHECK_STR(e.text, "m: neither a manifest nor an index");
}

TEST(an_old_or_foreign_manifest_is_known_as_such)
{
	check_manifest_refused("{\"schemaVersion\":1,\"fsLayers\":[]}", -EOPNOTSUPP,
	    "manifest: of Docker's schema 1, which registries gave up years ago");
	check_manifest_refused(
	    MANIFEST(DESCRIPTOR("application/vnd.cncf.helm.config.v1+json", D1, ""), ""),
	    -EOPNOTSUPP, "manifest: not an image but 'application/vnd.cncf.helm.config.v1+json'");
}

TEST(a_damaged_manifest_is_refused_with_its_path)
{
	check_manifest_refused("[]", -EBADMSG, "manifest: not an object");
	check_manifest_refused("{\"schemaVersion\":3}", -EBADMSG, "manifest: schemaVersion: not 2");
	check_manifest_refused(
	    "{\"schemaVersion\":2,\"layers\":[]}", -EBADMSG, "manifest: config: missing");
	check_manifest_refused(MANIFEST(DESCRIPTOR(MEDIA_OCI_CONFIG, D1, ""),
	                           DESCRIPTOR(MEDIA_OCI_LAYER, D1, "") "," DESCRIPTOR(
	                               MEDIA_OCI_LAYER, "sha256:x", "")),
	    -EBADMSG, "manifest: layers[1].digest: not a digest");
	check_manifest_refused(MANIFEST(DESCRIPTOR(MEDIA_OCI_CONFIG, "sha512:00", ""), ""),
	    -EBADMSG, "manifest: config.digest: of the digests only sha256 is spoken");
	check_manifest_refused(
	    MANIFEST(
	        "{\"mediaType\":\"" MEDIA_OCI_CONFIG "\",\"digest\":\"" D1 "\",\"size\":-1}", ""),
	    -EBADMSG, "manifest: config.size: below 0");
	check_manifest_refused(MANIFEST("{\"mediaType\":\"" MEDIA_OCI_CONFIG "\",\"digest\":\"" D1
	                                "\",\"size\":99999999999}",
	                           ""),
	    -EBADMSG, "manifest: config.size: larger than 8 MiB");
	check_manifest_refused(
	    "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX
	    "\",\"layers\":[],\"config\":" DESCRIPTOR(MEDIA_OCI_CONFIG, D1, "") "}",
	    -EBADMSG, "manifest: mediaType: not 'application/vnd.oci.image.manifest.v1+json'");
}

TEST(too_many_layers_are_refused)
{
	AUTO_BUF struct buf b = { 0 };
	struct oci_manifest m;

	buf_adds(&b,
	    "{\"schemaVersion\":2,\"config\":" DESCRIPTOR(
	        MEDIA_OCI_CONFIG, D1, "") ",\"layers\":[");
	for (size_t i = 0; i <= IMAGE_LAYERS_MAX; i++)
		buf_addf(&b, "%s" DESCRIPTOR(MEDIA_OCI_LAYER, D2, ""), i ? "," : "");
	buf_adds(&b, "]}");
	CHECK_INT(read_manifest(buf_text(&b), &m), -EBADMSG);
	CHECK_STR(e.text, "manifest: layers: more than 1024");
}

static const struct oci_descriptor *pick(
    const char *text, const char *platform, struct oci_index *x, int expected)
{
	const struct oci_descriptor *d = NULL;
	struct platform want;

	CHECK_INT(platform_parse(platform, &want), 0);
	CHECK_INT(oci_index_parse(text, strlen(text), "index", x, &e), 0);
	CHECK_INT(oci_index_pick(x, &want, &d, &e), expected);
	return d;
}

TEST(picks_the_best_platform_of_an_index)
{
	static const char text[] =
	    "{\"schemaVersion\":2,\"manifests\":[" DESCRIPTOR(MEDIA_OCI_MANIFEST, D2,
	        ",\"platform\":{\"os\":\"linux\",\"architecture\":"
	        "\"arm\",\"variant\":\"v5\"}") "," DESCRIPTOR(MEDIA_OCI_MANIFEST, D1,
	        ",\"platform\":{\"os\":\"linux\",\"architecture\":"
	        "\"arm\",\"variant\":\"v6\"}") "," ENTRY("linux", "arm64", D2) "," ENTRY("unknown",
	        "unknown", D2) "]}";
	struct oci_index x;

	CHECK_INT(pick(text, "linux/arm/v7", &x, 0)->digest.bytes[0], 0x11);
	oci_index_done(&x);
	CHECK_INT(pick(text, "arm64", &x, 0)->digest.bytes[0], 0x22);
	oci_index_done(&x);
	CHECK(!pick(text, "linux/amd64", &x, -ENOENT));
	CHECK_STR(e.text,
	    "there is no image for linux/amd64, only for linux/arm/v5, linux/arm/v6, "
	    "linux/arm64/v8");
	oci_index_done(&x);
}

TEST(an_entry_without_platform_is_taken_for_want_of_a_better)
{
	static const char text[] = "{\"schemaVersion\":2,\"manifests\":[" DESCRIPTOR(
	    MEDIA_OCI_MANIFEST, D1, "") "," ENTRY("linux", "amd64", D2) "]}";
	struct oci_index x;

	CHECK_INT(pick(text, "amd64", &x, 0)->digest.bytes[0], 0x22);
	oci_index_done(&x);
	CHECK_INT(pick(text, "s390x", &x, 0)->digest.bytes[0], 0x11);
	oci_index_done(&x);
}

TEST(an_empty_index_has_nothing)
{
	struct oci_index x;

	CHECK(!pick("{\"schemaVersion\":2,\"manifests\":[]}", "amd64", &x, -ENOENT));
	CHECK_STR(e.text, "there is no image for linux/amd64, nor for any other");
}

static const char image_config[] =
    "{\"created\":\"2024-01-02T03:04:05Z\",\"author\":\"me\",\"architecture\":\"arm64\","
    "\"variant\":\"v8\",\"os\":\"linux\","
    "\"config\":{\"User\":\"web:users\",\"ExposedPorts\":{\"80/tcp\":{}},\"Env\":[\"A=b\"],"
    "\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\"],\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],"
    "\"Interval\":1000,\"Retries\":3},\"Volumes\":{\"/data\":{}},\"WorkingDir\":\"/w\","
    "\"Labels\":{\"k\":\"v\"},\"StopSignal\":\"SIGINT\",\"Shell\":[\"sh\"],\"OnBuild\":[\"RUN "
    "x\"]},"
    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D1 "\",\"" D2 "\"]},"
    "\"history\":[{\"created\":\"2024-01-02T03:04:05Z\",\"created_by\":\"sh\",\"author\":\"me\","
    "\"comment\":\"c\",\"empty_layer\":true}]}";

TEST(reads_an_image_configuration)
{
	struct oci_image_config c;

	CHECK_INT(oci_image_config_parse(image_config, strlen(image_config), "config", &c, &e), 0);
	CHECK_STR(c.architecture, "arm64");
	CHECK_STR(c.config.user, "web:users");
	CHECK_STR(c.config.exposed_ports.items[0], "80/tcp");
	CHECK_STR(c.config.volumes.items[0], "/data");
	CHECK_STR(strmap_get(&c.config.labels, "k"), "v");
	CHECK_INT(c.config.healthcheck->interval, 1000);
	CHECK_INT(c.n_layers, 2);
	CHECK_INT(c.diff_ids[1].bytes[0], 0x22);
	CHECK(c.history[0].empty_layer);
	oci_image_config_done(&c);
}

TEST(an_image_configuration_is_written_as_it_was_read)
{
	AUTO_BUF struct buf b = { 0 };
	struct oci_image_config c;

	CHECK_INT(oci_image_config_parse(image_config, strlen(image_config), "config", &c, &e), 0);
	oci_image_config_write(&c, &b);
	CHECK_STR(buf_text(&b), image_config);
	oci_image_config_done(&c);
}

TEST(a_manifest_is_written_as_it_was_read)
{
	static const char text[] =
	    "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST
	    "\",\"config\":" DESCRIPTOR(MEDIA_OCI_CONFIG, D1, "") ",\"layers\":[" DESCRIPTOR(
	        MEDIA_OCI_LAYER, D2, "") "],\"annotations\":{\"a\":\"b\"}}";
	AUTO_BUF struct buf b = { 0 };
	struct oci_manifest m;

	CHECK_INT(read_manifest(text, &m), 0);
	oci_manifest_write(&m, &b);
	CHECK_STR(buf_text(&b), text);
	oci_manifest_done(&m);
}

TEST(an_image_configuration_may_say_almost_nothing)
{
	static const char text[] = "{\"config\":null,\"rootfs\":{\"type\":\"layers\"}}";
	struct oci_image_config c;

	CHECK_INT(oci_image_config_parse(text, strlen(text), "config", &c, &e), 0);
	CHECK_INT(c.n_layers, 0);
	CHECK(!c.config.user && !c.config.cmd.items);
	oci_image_config_done(&c);
}

TEST(a_damaged_image_configuration_is_refused_with_its_path)
{
	check_config_refused("{}", "config: rootfs: missing");
	check_config_refused(
	    "{\"rootfs\":{\"type\":\"zfs\"}}", "config: rootfs.type: not 'layers'");
	check_config_refused("{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D1 "\",\"x\"]}}",
	    "config: rootfs.diff_ids[1]: not a sha256 digest");
	check_config_refused("{\"config\":{\"Env\":\"A=b\"},\"rootfs\":{\"type\":\"layers\"}}",
	    "config: config.Env: not a list");
	check_config_refused("{\"config\":{\"Labels\":{\"a\":1}},\"rootfs\":{\"type\":\"layers\"}}",
	    "config: config.Labels.a: not a string");
}

TEST(an_image_configuration_with_too_much_of_a_thing_is_refused)
{
	AUTO_BUF struct buf env = { 0 };
	AUTO_BUF struct buf volumes = { 0 };

	buf_adds(&env, "{\"rootfs\":{\"type\":\"layers\"},\"config\":{\"Env\":[\"A=b\"");
	for (size_t i = 0; i < IMAGE_WORDS_MAX; i++)
		buf_adds(&env, ",\"A=b\"");
	buf_adds(&env, "]}}");
	check_config_refused(buf_text(&env), "config: config.Env: more than 10000");

	buf_adds(&volumes, "{\"rootfs\":{\"type\":\"layers\"},\"config\":{\"Volumes\":{");
	for (size_t i = 0; i <= IMAGE_VOLUMES_MAX; i++)
		buf_addf(&volumes, "%s\"/v%zu\":{}", i ? "," : "", i);
	buf_adds(&volumes, "}}}");
	check_config_refused(buf_text(&volumes), "config: config.Volumes: more than 256");
}

TEST(a_layer_says_how_it_is_compressed)
{
	CHECK_INT(layer_compression(MEDIA_OCI_LAYER), LAYER_PLAIN);
	CHECK_INT(layer_compression(MEDIA_OCI_LAYER_GZIP), LAYER_GZIP);
	CHECK_INT(layer_compression(MEDIA_OCI_LAYER_ZSTD), LAYER_ZSTD);
	CHECK_INT(layer_compression(MEDIA_DOCKER_LAYER), LAYER_GZIP);
	CHECK_INT(layer_compression("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
	    LAYER_UNKNOWN);
	CHECK_INT(layer_compression("application/vnd.oci.image.layer.v1.tar+gzip+encrypted"),
	    LAYER_UNKNOWN);
}
