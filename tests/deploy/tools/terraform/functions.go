package main

import (
	"crypto/sha256"
	"encoding/base64"
	"os"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	yaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Terraform's functions that the module uses, by their own libraries where there are any.
func functions(string) map[string]function.Function {
	return map[string]function.Function{
		"alltrue":          allTrue,
		"can":              tryfunc.CanFunc,
		"compact":          stdlib.CompactFunc,
		"concat":           stdlib.ConcatFunc,
		"contains":         stdlib.ContainsFunc,
		"distinct":         stdlib.DistinctFunc,
		"file":             fromFile(func(text []byte) string { return string(text) }),
		"filebase64sha256": fromFile(func(text []byte) string { sum := sha256.Sum256(text); return base64.StdEncoding.EncodeToString(sum[:]) }),
		"flatten":          stdlib.FlattenFunc,
		"join":             stdlib.JoinFunc,
		"jsonencode":       stdlib.JSONEncodeFunc,
		"keys":             stdlib.KeysFunc,
		"length":           length,
		"merge":            stdlib.MergeFunc,
		"regex":            stdlib.RegexFunc,
		"regexall":         stdlib.RegexAllFunc,
		"replace":          replace,
		"slice":            stdlib.SliceFunc,
		"sort":             stdlib.SortFunc,
		"startswith":       startsWith,
		"templatefile":     templateFile,
		"trim":             stdlib.TrimFunc,
		"trimprefix":       stdlib.TrimPrefixFunc,
		"trimsuffix":       stdlib.TrimSuffixFunc,
		"try":              tryfunc.TryFunc,
		"values":           stdlib.ValuesFunc,
		"yamldecode":       yaml.YAMLDecodeFunc,
	}
}

var length = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "of", Type: cty.DynamicPseudoType, AllowDynamicType: true}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if args[0].Type() == cty.String {
			return stdlib.Strlen(args[0])
		}
		return cty.NumberIntVal(int64(args[0].LengthInt())), nil
	},
})

var startsWith = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "prefix", Type: cty.String}},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		return cty.BoolVal(strings.HasPrefix(args[0].AsString(), args[1].AsString())), nil
	},
})

var allTrue = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		for it := args[0].ElementIterator(); it.Next(); {
			if _, value := it.Element(); value.False() {
				return cty.False, nil
			}
		}
		return cty.True, nil
	},
})

// A pattern between slashes is a regular expression.
var replace = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "text", Type: cty.String}, {Name: "what", Type: cty.String}, {Name: "by", Type: cty.String}},
	Type: function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		text, what, by := args[0].AsString(), args[1].AsString(), args[2].AsString()
		if len(what) > 1 && strings.HasPrefix(what, "/") && strings.HasSuffix(what, "/") {
			pattern, err := regexp.Compile(what[1 : len(what)-1])
			if err != nil {
				return cty.NilVal, err
			}
			return cty.StringVal(pattern.ReplaceAllString(text, by)), nil
		}
		return cty.StringVal(strings.ReplaceAll(text, what, by)), nil
	},
})

func fromFile(what func([]byte) string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := os.ReadFile(args[0].AsString())
			return cty.StringVal(what(text)), err
		},
	})
}

var templateFile = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "path", Type: cty.String}, {Name: "variables", Type: cty.DynamicPseudoType}},
	Type: function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		path := args[0].AsString()
		text, err := os.ReadFile(path)
		if err != nil {
			return cty.NilVal, err
		}
		template, diagnostics := hclsyntax.ParseTemplate(text, path, hcl.InitialPos)
		if diagnostics.HasErrors() {
			return cty.NilVal, diagnostics
		}
		value, diagnostics := template.Value(&hcl.EvalContext{Variables: args[1].AsValueMap()})
		if diagnostics.HasErrors() {
			return cty.NilVal, diagnostics
		}
		return value, nil
	},
})
