/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"
#include "format/template.h"

#include "test.h"

static struct err e;

static const char input[] =
    "{\"Name\":\"web\",\"Id\":\"3f2a91c0ffee\",\"Size\":1234,\"Ratio\":2.50,\"Big\":"
    "18446744073709551615,\"On\":true,\"Off\":false,\"Nothing\":null,\"Empty\":\"\","
    "\"Words\":[\"a\",\"b\",\"c\"],\"None\":[],\"State\":{\"Running\":true,\"Pid\":7},"
    "\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}],\"53/udp\":null},"
    "\"Mounts\":[{\"Source\":\"/a\",\"RW\":true},{\"Source\":\"/b\",\"RW\":false}],"
    "\"Uml\":\"\xc3\xa4\xc3\xb6\xc3\xbc\",\"Path\":\"usr/local/bin\"}";

static int render(const char *text, struct buf *b)
{
	AUTO(template_free) struct template *t = NULL;
	AUTO(json_value_free) struct json_value *v = NULL;
	int r;

	CHECK_INT(json_value_parse(input, strlen(input), "input", &v, &e), 0);
	r = template_parse(text, &t, &e);
	return r < 0 ? r : template_render(t, v, b, &e);
}

static void check_made(const char *text, const char *expected)
{
	AUTO_BUF struct buf b = { 0 };
	int r = render(text, &b);

	if (r < 0)
		printf("# %s: %s\n", text, e.text);
	CHECK_INT(r, 0);
	CHECK_STR(buf_text(&b), expected);
}

static void check_refused(const char *text, const char *words)
{
	AUTO_BUF struct buf b = { 0 };

	CHECK_INT(render(text, &b), -EINVAL);
	CHECK_STR(e.text, words);
}

TEST(text_without_actions_stays)
{
	check_made("", "");
	check_made("a } { \n\tb", "a } { \n\tb");
}

TEST(fields_are_looked_up)
{
	check_made("{{.Name}} {{ .State.Pid }} {{.On}}/{{.Off}}", "web 7 true/false");
	check_made("{{$.Name}} {{(index .Mounts 1).Source}}", "web /b");
	check_made("{{.Size}} {{.Ratio}} {{.Big}}", "1234 2.50 18446744073709551615");
}

TEST(what_is_not_there_is_no_value)
{
	check_made(
	    "{{.Missing}} {{.Nothing}} {{.Missing.Deeper}}", "<no value> <no value> <no value>");
	check_made("{{if .Missing}}x{{else}}y{{end}}", "y");
	check_refused("{{.Name.First}}", "template, character 3: a text has no field 'First'");
	check_refused("{{.Words.First}}", "template, character 3: a list has no field 'First'");
}

TEST(lists_and_objects_print_as_go_prints_them)
{
	check_made("{{.Words}} {{.None}}", "[a b c] []");
	check_made("{{.State}}", "map[Pid:7 Running:true]");
	check_made("{{.Ports}}", "map[53/udp:<no value> 80/tcp:[map[HostPort:8080]]]");
}

TEST(json_writes_any_part)
{
	check_made("{{json .State}}", "{\"Running\":true,\"Pid\":7}");
	check_made(
	    "{{json .Words}}{{json .Name}}{{json .Missing}}", "[\"a\",\"b\",\"c\"]\"web\"null");
	check_made(
	    "{{.Ratio | json}} {{json 3}} {{json (split \"a,b\" \",\")}}", "2.5 3 [\"a\",\"b\"]");
}

TEST(branches_choose)
{
	check_made("{{if .On}}yes{{end}}{{if .Off}}no{{end}}", "yes");
	check_made("{{if .Off}}1{{else if .Empty}}2{{else if .Name}}3{{else}}4{{end}}", "3");
	check_made("{{if .None}}1{{else}}2{{end}}{{if not .None}}3{{end}}", "23");
	check_made("{{with .State}}{{.Pid}}{{end}}{{with .Missing}}x{{else}}y{{end}}", "7y");
	check_made("{{with .Missing}}x{{else with .Name}}{{.}}{{end}}", "web");
	check_made("{{if and .On .Name}}a{{end}}{{if or .Off .Empty}}b{{end}}", "a");
}

TEST(ranges_repeat)
{
	check_made("{{range .Words}}<{{.}}>{{end}}", "<a><b><c>");
	check_made("{{range $i, $w := .Words}}{{if $i}},{{end}}{{$i}}{{$w}}{{end}}", "0a,1b,2c");
	check_made("{{range $w := .Words}}{{$w}}{{$.Name}} {{end}}", "aweb bweb cweb ");
	check_made("{{range .None}}x{{else}}none{{end}}{{range .Missing}}x{{else}}gone{{end}}",
	    "nonegone");
}

TEST(a_range_over_an_object_is_sorted)
{
	check_made("{{range $k, $v := .Ports}}{{$k}}:{{with $v}}{{len .}}{{end}};{{end}}",
	    "53/udp:;80/tcp:1;");
	check_made("{{range $p, $c := .Ports}}{{range $c}}{{$p}}>{{.HostPort}}{{end}}{{end}}",
	    "80/tcp>8080");
}

TEST(break_and_continue_steer_a_range)
{
	check_made("{{range .Words}}{{if eq . \"b\"}}{{continue}}{{end}}{{.}}{{end}}", "ac");
	check_made("{{range .Words}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}z", "az");
	check_refused("{{break}}", "template, character 3: outside of a range");
}

TEST(variables_are_set_and_changed)
{
	check_made("{{$x := .Name}}{{$x}}{{$x = \"db\"}}{{$x}}", "webdb");
	check_made("{{$s := .State}}{{$s.Pid}}", "7");
	check_made("{{$last := \"\"}}{{range .Words}}{{$last = .}}{{end}}{{$last}}", "c");
	check_made("{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21");
	check_refused("{{$y}}", "template, character 3: no such variable: '$y'");
	check_refused("{{if true}}{{$x := 2}}{{end}}{{$x}}",
	    "template, character 32: no such variable: '$x'");
	check_refused("{{$y = 1}}", "template, character 3: no such variable: '$y'");
}

TEST(comparisons_compare)
{
	check_made("{{eq .Name \"web\"}} {{eq .Size 1234}} {{eq .Name \"a\" \"web\"}} {{ne 1 2}}",
	    "true true true true");
	check_made("{{eq .Size 1234.0}} {{eq .On true}} {{eq .Missing nil}} {{eq .Name 1}}",
	    "true true true false");
	check_made("{{lt 1 2}}{{le 2 2}}{{gt 1 2}}{{ge \"b\" \"a\"}}", "truetruefalsetrue");
	check_refused("{{lt .Name 1}}", "template, character 3: a text and a number have no order");
}

TEST(texts_are_changed)
{
	check_made("{{upper .Name}} {{lower \"ABC\"}} {{title \"hello big world\"}}",
	    "WEB abc Hello Big World");
	check_made(
	    "{{join .Words \", \"}}|{{join .None \",\"}}|{{join .Missing \",\"}}", "a, b, c||");
	check_made("{{truncate .Id 6}} {{truncate .Uml 2}} {{truncate .Name 20}}",
	    "3f2a91 \xc3\xa4\xc3\xb6 web");
	check_made("[{{pad .Name 1 2}}][{{pad .Empty 1 2}}]", "[ web  ][]");
	check_made("{{index (split .Path \"/\") 1}} {{len (split .Path \"/\")}}", "local 3");
	check_made("{{split \"abc\" \"\"}}{{split \"\" \",\"}}", "[a b c][]");
	check_refused("{{upper .Size}}", "template, character 3: a text is wanted, not a number");
	check_refused(
	    "{{join .Name \",\"}}", "template, character 3: a list is wanted, not a text");
}

TEST(printing_follows_go)
{
	check_made("{{print 1 2 \"a\" \"b\" 3}}", "1 2ab3");
	check_made("{{println .Name 1}}", "web 1\n");
	check_made(
	    "{{printf \"%s-%d-%v-%q-%%\" .Name .Size .On .Name}}", "web-1234-true-\"web\"-%");
	check_made("{{printf \"[%5s][%-5s][%05d][%.2s][%x]\" .Name .Name -42 .Name 255}}",
	    "[  web][web  ][-0042][we][ff]");
	check_made("{{printf \"%.1f %g %+d %08.3f\" .Ratio 0.5 5 1e1}}", "2.5 0.5 +5 0010.000");
	check_made("{{.Name | printf \"<%s>\"}}", "<web>");
	check_refused(
	    "{{printf \"%s\"}}", "template, character 3: printf has more verbs than arguments");
	check_refused(
	    "{{printf \"x\" 1}}", "template, character 3: printf has more arguments than verbs");
	check_refused("{{printf \"%d\" .Name}}",
	    "template, character 3: printf has no '%d' for a "
	    "text");
}

TEST(len_and_index_look_inside)
{
	check_made("{{len .Words}} {{len .State}} {{len .Name}} {{len .None}}", "3 2 3 0");
	check_made("{{index .Words 0}} {{index .Ports \"80/tcp\" 0 \"HostPort\"}} {{index .State "
	           "\"x\"}}",
	    "a 8080 <no value>");
	check_refused("{{index .Words 3}}", "template, character 3: the list has no place 3");
	check_refused("{{index .Words -1}}", "template, character 3: the list has no place -1");
	check_refused(
	    "{{index .Words \"a\"}}", "template, character 3: the place in a list is a number");
	check_refused(
	    "{{index .State 0}}", "template, character 3: the key of an object is a text");
	check_refused("{{len .Size}}", "template, character 3: a number has no length");
}

TEST(slice_cuts_texts_and_lists)
{
	check_made("{{slice .Id 0 6}} {{slice .Id 10}} {{slice .Words 1}} {{len (slice .Words 3)}}",
	    "3f2a91 ee [b c] 0");
	check_refused("{{slice .Id 3 2}}", "template, character 3: it would end before it begins");
	check_refused("{{slice .Id 13}}", "template, character 3: there is no place 13");
	check_refused("{{slice .Id -1}}", "template, character 3: there is no place -1");
	check_refused("{{slice .Size 1}}", "template, character 3: a number cannot be cut");
}

TEST(blanks_are_trimmed)
{
	check_made("a \n {{- .Name -}} \n b", "awebb");
	check_made("a {{/* note */}} b {{- /* note */ -}} c", "a  bc");
	check_made("{{-3}} {{ -3 }}", "-3 -3");
	check_made("{{range .Words -}} \n {{.}} {{- end}}", "abc");
}

TEST(constants_are_read)
{
	check_made("{{\"a\\t\\\"b\\x41\"}} {{`raw\\n`}} {{true}} {{12}} {{1.5}}",
	    "a\t\"bA raw\\n true 12 1.5");
}

TEST(what_is_no_template_is_refused_with_its_place)
{
	check_refused("{{", "template, character 3: a value is missing");
	check_refused("a{{}}", "template, character 4: a value is missing");
	check_refused("{{.Name", "template, character 8: '}}' is missing");
	check_refused("{{.Name}", "template, character 8: unexpected: '}'");
	check_refused("{{if .On}}", "template, character 3: this has no {{end}}");
	check_refused("{{end}}", "template, character 8: {{end}} without a beginning");
	check_refused("{{else}}", "template, character 7: {{else}} without a beginning");
	check_refused(
	    "{{if .On}}{{else}}{{else}}{{end}}", "template, character 3: this has two {{else}}");
	check_refused(
	    "{{frobnicate .Name}}", "template, character 3: no such function: 'frobnicate'");
	check_refused("{{template \"x\"}}", "template, character 3: no such function: 'template'");
	check_refused("{{.Name .Id}}", "template, character 3: only a function takes arguments");
	check_refused("{{.Name | .Id}}", "template, character 11: only a function takes arguments");
	check_refused("{{upper}}", "template, character 3: upper wants more arguments, not 0");
	check_refused("{{upper .Name .Id}}",
	    "template, character 3: upper wants fewer arguments, not "
	    "2");
	check_refused("{{\"abc}}", "template, character 3: the text has no end");
	check_refused("{{(.Name}}", "template, character 9: a ')' is missing");
	check_refused("{{/* x }}", "template, character 3: the comment has no end");
	check_refused("{{print upper .Name}}",
	    "template, character 9: 'upper' wants arguments: put it in parentheses");
	check_refused("{{99999999999999999999}}", "template, character 3: a number beyond 64 bits");
}

TEST(depth_and_work_have_ceilings)
{
	AUTO_BUF struct buf deep = { 0 }, out = { 0 }, small = { .max = 100 };

	for (int i = 0; i < 70; i++)
		buf_adds(&deep, "{{if .On}}");
	CHECK_INT(render(buf_text(&deep), &out), -EINVAL);
	CHECK(strstr(e.text, "nested too deeply"));

	CHECK_INT(render("{{range .Words}}{{printf \"%90s\" .}}{{end}}", &small), -EFBIG);
	CHECK_STR(e.text, "what the template makes is too long");
}

TEST(a_template_that_would_never_end_is_stopped)
{
	AUTO_BUF struct buf text = { 0 }, out = { 0 };

	for (int i = 0; i < 20; i++)
		buf_adds(&text, "{{range $.Words}}");
	buf_adds(&text, "{{$x := .}}");
	for (int i = 0; i < 20; i++)
		buf_adds(&text, "{{end}}");
	CHECK_INT(render(buf_text(&text), &out), -EFBIG);
	CHECK_STR(e.text, "the template would run too long");
}
