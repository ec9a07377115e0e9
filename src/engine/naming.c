/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and ids of containers
 *
 * A dolium is the great clay jar of a Roman cellar, so that is where the words
 * of the given names come from: what a jar is like, and what it holds.
 */
#include "engine/naming.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static const char *const qualities[] = { "amber", "ample", "ancient", "ashen", "autumn", "azure",
	"balmy", "blithe", "bold", "brisk", "bronze", "calm", "candid", "cheerful", "clever",
	"copper", "coral", "cosy", "crisp", "curious", "dapper", "deep", "dewy", "eager", "early",
	"earthen", "easy", "elder", "fabled", "fair", "fearless", "fine", "fleet", "fond", "frosty",
	"gentle", "gilded", "glad", "golden", "grand", "happy", "hardy", "hazel", "hidden",
	"honest", "humble", "ivory", "jolly", "keen", "kind", "lively", "lofty", "lucid", "lucky",
	"mellow", "merry", "mild", "misty", "modest", "mossy", "noble", "olive", "patient",
	"placid", "plucky", "polite", "proud", "quick", "quiet", "rapid", "ready", "ripe", "robust",
	"rosy", "round", "royal", "ruddy", "rustic", "scarlet", "serene", "silver", "simple",
	"sleek", "smooth", "snug", "sober", "solar", "spry", "steady", "stout", "sturdy", "sunny",
	"sweet", "swift", "tawny", "tender", "tidy", "tranquil", "trusty", "velvet", "vivid",
	"warm", "wary", "willing", "windy", "wise", "witty", "zesty" };

static const char *const things[] = { "acorn", "almond", "amphora", "anise", "apple", "apricot",
	"barley", "barrel", "basil", "basket", "bay", "bean", "beech", "berry", "bottle", "bramble",
	"caper", "caraway", "cask", "cellar", "cherry", "chestnut", "chive", "cider", "citron",
	"clove", "cork", "crock", "cumin", "currant", "damson", "date", "dill", "elder", "fennel",
	"fig", "filbert", "flagon", "flask", "garlic", "ginger", "goblet", "grape", "hazelnut",
	"heather", "honey", "jar", "jug", "juniper", "kettle", "ladle", "larch", "laurel",
	"lavender", "leek", "lemon", "lentil", "linden", "lovage", "malt", "maple", "marjoram",
	"medlar", "melon", "millet", "mint", "mulberry", "mustard", "myrtle", "nectar", "nutmeg",
	"oat", "olive", "onion", "orange", "oregano", "parsley", "peach", "pear", "pepper", "pine",
	"pitcher", "plum", "poppy", "quince", "radish", "raisin", "rosemary", "rye", "saffron",
	"sage", "salt", "sesame", "sorrel", "spelt", "tansy", "tarragon", "thyme", "turnip",
	"vanilla", "verjuice", "vetch", "vine", "vinegar", "walnut", "wheat", "willow" };

#define COUNT(list_) (sizeof(list_) / sizeof((list_)[0]))

int naming_id(char to[65])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[32];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -errno;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		to[2 * i] = digits[bytes[i] >> 4];
		to[2 * i + 1] = digits[bytes[i] & 15];
	}
	to[64] = '\0';
	return 0;
}

void naming_random(uint32_t seed, unsigned attempt, char to[NAMING_NAME_MAX])
{
	const char *quality = qualities[seed % COUNT(qualities)];
	const char *thing = things[seed / COUNT(qualities) % COUNT(things)];

	if (attempt < 2)
		snprintf(to, NAMING_NAME_MAX, "%s_%s", quality, thing);
	else
		snprintf(to, NAMING_NAME_MAX, "%s_%s%u", quality, thing, (seed >> 16) % 10000);
}

bool naming_is_name(const char *name)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	const size_t len = strlen(name);

	return len >= 2 && len < NAMING_NAME_MAX && strspn(name, letters) == len &&
	    strchr("_.-", name[0]) == NULL;
}
