/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EROFS on disk: for src/format/erofs*.c alone
 *
 * Where each field stands, and what its values mean (Linux, fs/erofs; all of it
 * little-endian). Only what an index uses is here: nothing is compressed.
 */
#ifndef DOLIUM_FORMAT_EROFS_DISK_H
#define DOLIUM_FORMAT_EROFS_DISK_H

#include <stdint.h>

#define EROFS_MAGIC     0xe0f5e1e2U
#define EROFS_SUPER_AT  1024
#define EROFS_SUPER_LEN 128
#define EROFS_SLOT      32 /* an inode's number counts these from the start of the inodes */
#define EROFS_INODE_LEN 64 /* of the extended form, the only one that is written */
#define EROFS_DEVICE    128 /* bytes of an entry of the device table */
#define EROFS_DIRENT    12
#define EROFS_NAME_MAX  255
#define EROFS_NULL      UINT32_MAX /* a block that is a hole */
#define EROFS_CRC_SEED  UINT32_MAX

/* Features: the first two may be unknown to a kernel, the others not. */
#define EROFS_COMPAT_CHECKSUM   0x1U
#define EROFS_COMPAT_MTIME      0x2U
#define EROFS_INCOMPAT_CHUNKED  0x4U
#define EROFS_INCOMPAT_DEVICES  0x8U
#define EROFS_INCOMPAT_READABLE (EROFS_INCOMPAT_CHUNKED | EROFS_INCOMPAT_DEVICES)

/* The superblock. */
enum {
	S_MAGIC = 0,
	S_CHECKSUM = 4,
	S_COMPAT = 8,
	S_BLOCK_BITS = 12,
	S_ROOT = 14, /* u16 */
	S_INODES = 16, /* u64 */
	S_BLOCKS = 36,
	S_META_BLOCK = 40,
	S_XATTR_BLOCK = 44,
	S_UUID = 48,
	S_VOLUME = 64,
	S_INCOMPAT = 80,
	S_DEVICES = 86, /* u16 */
	S_DEVICE_SLOT = 88, /* u16: the table stands at so many EROFS_DEVICE */
};

/* An entry of the device table. */
enum {
	D_TAG = 0, /* 64 bytes: the digest of what is on it */
	D_BLOCKS = 64,
	D_START = 68, /* where its first block stands among the blocks of all devices */
};

/* The extended inode. */
enum {
	I_FORMAT = 0, /* u16: bit 0: extended; then one of enum erofs_layout */
	I_XATTR_COUNT = 2, /* u16 */
	I_MODE = 4, /* u16 */
	I_SIZE = 8, /* u64 */
	I_WHAT = 16, /* a block, a device number, or the form of chunks */
	I_NUMBER = 20,
	I_UID = 24,
	I_GID = 28,
	I_MTIME = 32, /* u64 */
	I_MTIME_NS = 40,
	I_LINKS = 44,
};

enum erofs_layout {
	EROFS_PLAIN = 0, /* blocks one after the other */
	EROFS_INLINE = 2, /* what does not fill a block stands behind the inode */
	EROFS_CHUNKED = 4, /* an array of blocks behind the inode, one for each chunk */
};

#define EROFS_CHUNK_BITS_MASK 0x1fU
#define EROFS_CHUNK_BITS_MAX  0x1fU /* above those of a block */

/* Extended attributes. */
#define EROFS_XATTR_HEADER    12
#define EROFS_XATTR_ENTRY     4
#define EROFS_XATTR_SHARED_AT 4 /* in the header: u8, how many shared ones */
#define EROFS_SHARED_MAX      255

enum erofs_xattr_index {
	EROFS_XATTR_USER = 1,
	EROFS_XATTR_ACL_ACCESS = 2,
	EROFS_XATTR_ACL_DEFAULT = 3,
	EROFS_XATTR_TRUSTED = 4,
	EROFS_XATTR_SECURITY = 6,
};

/* ---- numbers ---- */

static inline uint16_t le16_get(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32_get(const uint8_t *p)
{
	return (uint32_t)le16_get(p) | (uint32_t)le16_get(p + 2) << 16;
}

static inline uint64_t le64_get(const uint8_t *p)
{
	return (uint64_t)le32_get(p) | (uint64_t)le32_get(p + 4) << 32;
}

static inline void le16_put(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void le32_put(uint8_t *p, uint32_t value)
{
	le16_put(p, (uint16_t)value);
	le16_put(p + 2, (uint16_t)(value >> 16));
}

static inline void le64_put(uint8_t *p, uint64_t value)
{
	le32_put(p, (uint32_t)value);
	le32_put(p + 4, (uint32_t)(value >> 32));
}

static inline uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

/* Of the superblock with its checksum zero, up to the end of its block. */
uint32_t erofs_crc32c(const uint8_t *data, uint64_t len);

#endif
