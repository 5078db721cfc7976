package format

// ByName is an internal option: the schema was found by reading the files, so
// columns of files with a header are told by name and not by place.
const ByName = "volley.byname"
