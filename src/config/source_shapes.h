// Parts of the shape of `source:`.
#pragma once

#include <string_view>

#include "config/shape.h"

namespace lakegate::shapes {

Shape map_of(Shape item, std::string_view key, std::string_view pattern,
             bool (*matches)(std::string_view));
Shape by_header(Shape item);     // a mapping from names of headers
Shape by_parameter(Shape item);  // a mapping from names of query parameters
Shape auth();

}  // namespace lakegate::shapes
