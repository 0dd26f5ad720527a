/* The tree: structure, lines, and the bounds that hostile files meet. */
#include "config/yaml_tree.h"
#include "core/text.h"
#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>

struct heard {
    size_t n;
    int line;
    char message[512];
    size_t limit; /* after so many, hear no more */
};

static bool hear(void *user, int line, const char *message)
{
    struct heard *heard = user;
    heard->n++;
    heard->line = line;
    snprintf(heard->message, sizeof heard->message, "%s", message);
    return heard->n != heard->limit;
}

static enum ddmd_status parse(const char *yaml, size_t length, ddmd_yaml_node **root,
                              struct heard *heard)
{
    ddmd_error err = {0};
    *heard = (struct heard){.limit = heard->limit};
    return ddmd_yaml_parse(yaml, length, hear, heard, root, &err);
}

static void a_tree_has_lines_and_columns(void **state)
{
    (void)state;
    static const char yaml[] = "# comment\na: 1\nb:\n  - x\n  - 'y z'\nc: {d: \"\"}\n";
    ddmd_yaml_node *root = NULL;
    struct heard heard = {0};
    assert_int_equal(parse(yaml, strlen(yaml), &root, &heard), DDMD_OK);
    assert_int_equal(heard.n, 0);
    assert_int_equal(root->kind, DDMD_YAML_MAP);
    const ddmd_yaml_node *a = root->first, *b = a->next->next, *c = b->next->next;
    assert_string_equal(a->text, "a");
    assert_int_equal(a->line, 2);
    assert_int_equal(a->next->column, 4);
    assert_true(a->next->plain);
    assert_int_equal(b->line, 3);
    const ddmd_yaml_node *list = b->next;
    assert_int_equal(list->kind, DDMD_YAML_LIST);
    assert_string_equal(list->first->text, "x");
    assert_string_equal(list->first->next->text, "y z");
    assert_false(list->first->next->plain);
    assert_int_equal(list->first->next->line, 5);
    assert_null(list->first->next->next);
    assert_int_equal(c->next->kind, DDMD_YAML_MAP);
    assert_string_equal(c->next->first->next->text, "");
    assert_false(ddmd_yaml_is_null(c->next->first->next));
    assert_null(c->next->next);
    ddmd_yaml_destroy(&root);
    assert_null(root);
}

static void nothing_has_no_tree(void **state)
{
    (void)state;
    ddmd_yaml_node *root = NULL;
    struct heard heard = {0};
    assert_int_equal(parse("", 0, &root, &heard), DDMD_OK);
    assert_null(root);
    assert_int_equal(parse("# only\n", 7, &root, &heard), DDMD_OK);
    assert_null(root);
}

static void nulls_are_plain(void **state)
{
    (void)state;
    static const char yaml[] = "[~, null, NULL, , '~', nil]";
    ddmd_yaml_node *root = NULL;
    struct heard heard = {0};
    static const char without[] = "[~, null, NULL, '~', nil]";
    assert_int_equal(parse(yaml, strlen(yaml), &root, &heard), DDMD_FORMAT);
    assert_null(root);
    assert_int_equal(parse(without, strlen(without), &root, &heard), DDMD_OK);
    static const bool expected[] = {true, true, true, false, false};
    size_t i = 0;
    for (const ddmd_yaml_node *node = root->first; node; node = node->next)
        assert_int_equal(ddmd_yaml_is_null(node), expected[i++]);
    assert_int_equal(i, 5);
    ddmd_yaml_destroy(&root);
}

static void assert_refused(const char *yaml, size_t length, int line, const char *message)
{
    ddmd_yaml_node *root = NULL;
    struct heard heard = {0};
    assert_int_equal(parse(yaml, length, &root, &heard), DDMD_FORMAT);
    assert_null(root);
    assert_int_equal(heard.n, 1);
    assert_string_equal(heard.message, message);
    assert_int_equal(heard.line, line);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    ddmd_text text = {0};
    for (int depth = 1; depth <= DDMD_YAML_MAX_DEPTH; depth++)
        ddmd_text_add(&text, "[\n");
    for (int depth = 1; depth <= DDMD_YAML_MAX_DEPTH; depth++)
        ddmd_text_add(&text, "]");
    ddmd_yaml_node *root = NULL;
    struct heard heard = {0};
    assert_int_equal(parse(text.bytes, text.length, &root, &heard), DDMD_OK);
    ddmd_yaml_destroy(&root);
    ddmd_text_clear(&text);

    for (int depth = 0; depth < 100000; depth++)
        ddmd_text_add(&text, "[\n");
    assert_refused(text.bytes, text.length, 33, "nested more than 32 levels deep");
    ddmd_text_clear(&text);
}

static void size_and_number_of_values_are_bounded(void **state)
{
    (void)state;
    ddmd_text text = {0};
    for (int i = 0; i < 30000; i++)
        ddmd_text_add(&text, "- x\n");
    assert_refused(text.bytes, text.length, 20000, "more than 20000 values");
    while (text.length <= DDMD_YAML_MAX_BYTES)
        ddmd_text_add(&text, "%1000s", "#");
    char message[80];
    snprintf(message, sizeof message, "%zu bytes, more than the 1048576 that are read",
             text.length);
    assert_refused(text.bytes, text.length, 1, message);
    ddmd_text_clear(&text);
}

static void aliases_stand_for_nothing(void **state)
{
    (void)state;
    static const char yaml[] = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    ddmd_yaml_node *root = NULL;
    struct heard heard = {0};
    assert_int_equal(parse(yaml, strlen(yaml), &root, &heard), DDMD_OK);
    assert_int_equal(heard.n, 4);
    assert_int_equal(heard.line, 3);
    assert_int_equal(root->first->next->next->next->first->kind, DDMD_YAML_BROKEN);
    ddmd_yaml_destroy(&root);
    heard.limit = 2;
    assert_int_equal(parse(yaml, strlen(yaml), &root, &heard), DDMD_OK);
    assert_int_equal(heard.n, 2);
    ddmd_yaml_destroy(&root);
}

static void zero_bytes_are_refused(void **state)
{
    (void)state;
    ddmd_yaml_node *root = NULL;
    struct heard heard = {0};
    static const char escaped[] = "a: \"x\\0y\"";
    assert_int_equal(parse(escaped, strlen(escaped), &root, &heard), DDMD_OK);
    assert_string_equal(heard.message, "a text cannot contain a zero byte");
    assert_int_equal(root->first->next->kind, DDMD_YAML_BROKEN);
    ddmd_yaml_destroy(&root);
    assert_refused("a: 1\nb: x\0y", 11, 2,
                   "not a text file in UTF-8: control characters are not allowed");
}

static void what_ends_too_soon_is_refused(void **state)
{
    (void)state;
    static const char yaml[] = "a: {b: [1, 'x', \"y\"], c: !t &d e}\n---\n- *d\n...\n";
    for (size_t length = 0; length <= strlen(yaml); length++) {
        ddmd_yaml_node *root = NULL;
        struct heard heard = {0};
        enum ddmd_status status = parse(yaml, length, &root, &heard);
        assert_true(status == DDMD_OK || (status == DDMD_FORMAT && heard.n > 0 && !root));
        ddmd_yaml_destroy(&root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_has_lines_and_columns),
        cmocka_unit_test(nothing_has_no_tree),
        cmocka_unit_test(nulls_are_plain),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(size_and_number_of_values_are_bounded),
        cmocka_unit_test(aliases_stand_for_nothing),
        cmocka_unit_test(zero_bytes_are_refused),
        cmocka_unit_test(what_ends_too_soon_is_refused),
    };
    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
