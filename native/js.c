/* Arguments from JavaScript and values for it. */
#include "js.h"

#include <stdio.h>
#include <string.h>

const napi_type_tag wire_tag = {0x70752d70726f6265ull, 0x6572727175657565ull};
const napi_type_tag packet_tag = {0x70752d70726f6265ull, 0x7061636b65747321ull};

napi_value throw_type(napi_env env, const char *text) {
  (void)napi_throw_type_error(env, NULL, text);
  return NULL;
}

napi_value throw_range(napi_env env, const char *text) {
  (void)napi_throw_range_error(env, NULL, text);
  return NULL;
}

bool get_arguments(napi_env env, napi_callback_info info, napi_value *values, size_t count) {
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) == napi_ok && given >= count) return true;
  (void)throw_type(env, "too few arguments");
  return false;
}

bool get_number(napi_env env, napi_value value, double low, double high, double *number) {
  if (napi_get_value_double(env, value, number) == napi_ok && *number >= low && *number <= high) return true;
  (void)throw_type(env, "not a number in range");
  return false;
}

bool get_array(napi_env env, napi_value value, napi_typedarray_type type, const char *name, void **data,
               size_t *length) {
  char text[96];
  bool is_typed = false;
  napi_typedarray_type found;
  if (napi_is_typedarray(env, value, &is_typed) == napi_ok && is_typed &&
      napi_get_typedarray_info(env, value, &found, length, data, NULL, NULL) == napi_ok && found == type) {
    return true;
  }
  (void)snprintf(text, sizeof text, "%s: not a typed array of its type", name);
  (void)throw_type(env, text);
  return false;
}

void *get_tagged(napi_env env, napi_value value, const napi_type_tag *tag, const char *otherwise) {
  void *data = NULL;
  bool is_tagged = false;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_object &&
      napi_check_object_type_tag(env, value, tag, &is_tagged) == napi_ok && is_tagged &&
      napi_unwrap(env, value, &data) == napi_ok) {
    return data;
  }
  (void)throw_type(env, otherwise);
  return NULL;
}

struct wire *get_wire(napi_env env, napi_value value) { return get_tagged(env, value, &wire_tag, "not a wire"); }

bool set_number(napi_env env, napi_value object, const char *name, double number) {
  napi_value value;
  return napi_create_double(env, number, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

bool set_bytes(napi_env env, napi_value object, const char *name, const uint8_t *bytes, size_t length) {
  napi_value buffer;
  napi_value array;
  void *data;
  if (napi_create_arraybuffer(env, length, &data, &buffer) != napi_ok) return false;
  if (length > 0) memcpy(data, bytes, length);
  return napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &array) == napi_ok &&
         napi_set_named_property(env, object, name, array) == napi_ok;
}

bool set_text(napi_env env, napi_value object, const char *name, const char *text) {
  napi_value value;
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}
