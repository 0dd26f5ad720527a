/*
 * XML of strangers, read element by element: no document type, no entities but the five of XML
 * itself, nothing fetched, depth bounded. Text between elements is passed over. All errors are
 * FORMAT and begin with "source:line: ".
 */
#ifndef DDMD_MOLECULE_XML_ELEMENTS_H
#define DDMD_MOLECULE_XML_ELEMENTS_H

#include "ddmd/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ddmd_xml_element {
    const char *name;
    const char *source;
    int32_t line;
    int32_t depth;                          /* 0: the root */
    const unsigned char *const *attributes; /* as libxml2's SAX2 interface gives them */
    int32_t n_attributes;
} ddmd_xml_element;

typedef struct ddmd_xml_handler {
    void *user;
    /* REQUIRED: an element begins. A failure ends the parse and is returned. */
    enum ddmd_status (*start)(void *user, const ddmd_xml_element *element, ddmd_error *err);
    /* OPTIONAL: the element that began at this depth ends. */
    enum ddmd_status (*end)(void *user, int32_t depth, ddmd_error *err);
} ddmd_xml_handler;

enum ddmd_status ddmd_xml_parse(const char *bytes, size_t length, const char *source,
                                const ddmd_xml_handler *handler, ddmd_error *err);

enum { DDMD_XML_TEXT_SIZE = 256 };

bool ddmd_xml_has(const ddmd_xml_element *element, const char *attribute);

/* Attributes that must be there: as text, as a finite number, as an integer. */
enum ddmd_status ddmd_xml_text(const ddmd_xml_element *element, const char *attribute,
                               char text[DDMD_XML_TEXT_SIZE], ddmd_error *err);
enum ddmd_status ddmd_xml_number(const ddmd_xml_element *element, const char *attribute,
                                 double *number, ddmd_error *err);
enum ddmd_status ddmd_xml_integer(const ddmd_xml_element *element, const char *attribute,
                                  int32_t *integer, ddmd_error *err);

#endif
