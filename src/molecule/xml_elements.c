#include "xml_elements.h"

#include "core/text.h"
#include "core/try.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <string.h>

typedef struct parse {
    const ddmd_xml_handler *handler;
    const char *source;
    xmlParserCtxtPtr context;
    int32_t depth;
    enum ddmd_status status;
    ddmd_error *err;
} parse;

static void stop_on_failure(parse *p)
{
    if (p->status != DDMD_OK)
        xmlStopParser(p->context);
}

static void on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int n_namespaces, const xmlChar **namespaces, int n_attributes,
                     int n_defaulted, const xmlChar **attributes)
{
    (void)prefix, (void)uri, (void)n_namespaces, (void)namespaces, (void)n_defaulted;
    parse *p = user;
    if (p->status != DDMD_OK)
        return;
    ddmd_xml_element element = {
        .name = (const char *)name,
        .source = p->source,
        .line = xmlSAX2GetLineNumber(p->context),
        .depth = p->depth++,
        .attributes = attributes,
        .n_attributes = n_attributes,
    };
    p->status = p->handler->start(p->handler->user, &element, p->err);
    stop_on_failure(p);
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    (void)name, (void)prefix, (void)uri;
    parse *p = user;
    p->depth--;
    if (p->status != DDMD_OK || !p->handler->end)
        return;
    p->status = p->handler->end(p->handler->user, p->depth, p->err);
    stop_on_failure(p);
}

static void on_document_type(void *user, const xmlChar *name, const xmlChar *external_id,
                             const xmlChar *system_id)
{
    (void)name, (void)external_id, (void)system_id;
    parse *p = user;
    if (p->status != DDMD_OK)
        return;
    p->status = ddmd_error_set(p->err, DDMD_FORMAT, "%s:%d: a <!DOCTYPE> is not accepted here",
                               p->source, xmlSAX2GetLineNumber(p->context));
    stop_on_failure(p);
}

/* libxml2 prints to standard error where there is no function for its messages. */
static void on_message(void *user, const char *format, ...)
{
    (void)user, (void)format;
}

static enum ddmd_status syntax_error(const parse *p)
{
    const xmlError *error = xmlCtxtGetLastError(p->context);
    const char *message = error && error->message ? error->message : "not XML";
    int line = error && error->line > 0 ? error->line : xmlSAX2GetLineNumber(p->context);
    return ddmd_error_set(p->err, DDMD_FORMAT, "%s:%d: the XML is not well formed: %.*s", p->source,
                          line, (int)strcspn(message, "\n"), message);
}

enum ddmd_status ddmd_xml_parse(const char *bytes, size_t length, const char *source,
                                const ddmd_xml_handler *handler, ddmd_error *err)
{
    enum { CHUNK = 1 << 16 };
    enum ddmd_status status = DDMD_OK;
    parse p = {.handler = handler, .source = source, .err = err};
    xmlSAXHandler sax = {
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .internalSubset = on_document_type,
        .warning = on_message,
        .error = on_message,
        .fatalError = on_message,
    };
    p.context = xmlCreatePushParserCtxt(&sax, &p, NULL, 0, source);
    if (!p.context)
        DDMD_FAIL(err, DDMD_NOMEM, "%s: out of memory for the XML parser", source);
    xmlCtxtUseOptions(p.context, XML_PARSE_NONET);

    int syntax = 0;
    for (size_t at = 0; at < length && !syntax && p.status == DDMD_OK; at += CHUNK) {
        size_t size = length - at < CHUNK ? length - at : CHUNK;
        syntax = xmlParseChunk(p.context, bytes + at, (int)size, 0);
    }
    if (!syntax && p.status == DDMD_OK)
        syntax = xmlParseChunk(p.context, NULL, 0, 1);
    if (p.status != DDMD_OK)
        status = p.status;
    else if (syntax)
        status = syntax_error(&p);
out:
    if (p.context)
        xmlFreeParserCtxt(p.context);
    return status;
}

/* The bytes of an attribute's value, which has no terminating zero; NULL where there is none. */
static const char *find_value(const ddmd_xml_element *element, const char *attribute,
                              size_t *length)
{
    for (int32_t i = 0; i < element->n_attributes; i++) {
        const unsigned char *const *a = element->attributes + (size_t)i * 5;
        if (strcmp((const char *)a[0], attribute) == 0) {
            *length = (size_t)(a[4] - a[3]);
            return (const char *)a[3];
        }
    }
    return NULL;
}

bool ddmd_xml_has(const ddmd_xml_element *element, const char *attribute)
{
    size_t length;
    return find_value(element, attribute, &length) != NULL;
}

enum ddmd_status ddmd_xml_text(const ddmd_xml_element *element, const char *attribute,
                               char text[DDMD_XML_TEXT_SIZE], ddmd_error *err)
{
    size_t length;
    const char *value = find_value(element, attribute, &length);
    if (!value)
        return ddmd_error_set(err, DDMD_FORMAT, "%s:%d: <%s> has no attribute \"%s\"",
                              element->source, element->line, element->name, attribute);
    if (length >= DDMD_XML_TEXT_SIZE)
        return ddmd_error_set(err, DDMD_FORMAT, "%s:%d: attribute \"%s\" of <%s> is too long",
                              element->source, element->line, attribute, element->name);
    memcpy(text, value, length);
    text[length] = '\0';
    return DDMD_OK;
}

enum ddmd_status ddmd_xml_number(const ddmd_xml_element *element, const char *attribute,
                                 double *number, ddmd_error *err)
{
    char text[DDMD_XML_TEXT_SIZE];
    enum ddmd_status status = ddmd_xml_text(element, attribute, text, err);
    if (status == DDMD_OK && !ddmd_text_to_double(text, number))
        status = ddmd_error_set(
            err, DDMD_FORMAT, "%s:%d: attribute \"%s\" of <%s>: expected a number, found \"%.40s\"",
            element->source, element->line, attribute, element->name, text);
    return status;
}

enum ddmd_status ddmd_xml_integer(const ddmd_xml_element *element, const char *attribute,
                                  int32_t *integer, ddmd_error *err)
{
    char text[DDMD_XML_TEXT_SIZE];
    long value = 0;
    enum ddmd_status status = ddmd_xml_text(element, attribute, text, err);
    if (status != DDMD_OK)
        return status;
    if (!ddmd_text_to_long(text, &value) || value < INT32_MIN || value > INT32_MAX)
        return ddmd_error_set(
            err, DDMD_FORMAT,
            "%s:%d: attribute \"%s\" of <%s>: expected an integer, found \"%.40s\"",
            element->source, element->line, attribute, element->name, text);
    *integer = (int32_t)value;
    return DDMD_OK;
}
