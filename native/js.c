/* Arguments from JavaScript and values for it. */
#include "js.h"

#include <string.h>

static const napi_type_tag wire_tag = {0x70752d70726f6265ull, 0x6572727175657565ull};

napi_value throw_type(napi_env env, const char *text) {
  (void)napi_throw_type_error(env, NULL, text);
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

struct wire *get_wire(napi_env env, napi_value value) {
  void *data = NULL;
  bool is_wire = false;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_object &&
      napi_check_object_type_tag(env, value, &wire_tag, &is_wire) == napi_ok && is_wire &&
      napi_unwrap(env, value, &data) == napi_ok) {
    return data;
  }
  (void)throw_type(env, "not a wire");
  return NULL;
}

/* Marks the handle, so that no other object is ever unwrapped as a wire. */
napi_value tag_wire(napi_env env, napi_value handle) {
  return napi_type_tag_object(env, handle, &wire_tag) == napi_ok ? handle : NULL;
}

bool set_number(napi_env env, napi_value object, const char *name, double number) {
  napi_value value;
  return napi_create_double(env, number, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

bool set_bytes(napi_env env, napi_value object, const char *name, const uint8_t *bytes) {
  napi_value buffer;
  napi_value array;
  void *data;
  if (napi_create_arraybuffer(env, 16, &data, &buffer) != napi_ok) return false;
  memcpy(data, bytes, 16);
  return napi_create_typedarray(env, napi_uint8_array, 16, buffer, 0, &array) == napi_ok &&
         napi_set_named_property(env, object, name, array) == napi_ok;
}

bool set_text(napi_env env, napi_value object, const char *name, const char *text) {
  napi_value value;
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}
