package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Arguments that are Terraform's own, not the resource's.
var meta = map[string]bool{"for_each": true, "count": true, "depends_on": true, "lifecycle": true, "provider": true}

// The attributes of a body and, as lists of objects, its nested blocks; dynamic ones expanded.
func (m *module) attributesOf(
	body hcl.Body, written *hclsyntax.Body, context *hcl.EvalContext, top bool) (map[string]cty.Value, error) {
	schema := &hcl.BodySchema{}
	shapes := map[string]*hclsyntax.Body{}
	for name := range written.Attributes {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	for _, block := range written.Blocks {
		kind, shape := block.Type, block.Body
		if kind == "dynamic" {
			kind, shape = block.Labels[0], block.Body.Blocks[0].Body
		}
		if shapes[kind] == nil {
			schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: kind})
		}
		shapes[kind] = shape
	}
	content, diagnostics := body.Content(schema)
	if diagnostics.HasErrors() {
		return nil, diagnostics
	}
	values := map[string]cty.Value{}
	for name, attribute := range content.Attributes {
		if top && meta[name] {
			continue
		}
		value, diagnostics := attribute.Expr.Value(context)
		if diagnostics.HasErrors() {
			return nil, diagnostics
		}
		values[name] = value
	}
	nested := map[string][]cty.Value{}
	for _, block := range content.Blocks {
		if top && meta[block.Type] {
			continue
		}
		inner, err := m.attributesOf(block.Body, shapes[block.Type], context, false)
		if err != nil {
			return nil, err
		}
		nested[block.Type] = append(nested[block.Type], cty.ObjectVal(inner))
	}
	for kind, blocks := range nested {
		values[kind] = cty.TupleVal(blocks)
	}
	return values, nil
}

// As JSON would have it, nulls (arguments that are not given) left out.
func plain(attributes map[string]cty.Value) map[string]any {
	out := map[string]any{}
	for name, value := range attributes {
		if value.IsNull() {
			continue
		}
		text, err := ctyjson.Marshal(value, value.Type())
		if err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
		var decoded any
		if err := json.Unmarshal(text, &decoded); err != nil {
			panic(err)
		}
		out[name] = decoded
	}
	return out
}

func cut(dotted string) (string, string) {
	head, rest, _ := strings.Cut(dotted, ".")
	return head, rest
}

func objectOfObjects(of map[string]map[string]cty.Value) cty.Value {
	values := map[string]cty.Value{}
	for name, inner := range of {
		values[name] = cty.ObjectVal(inner)
	}
	return cty.ObjectVal(values)
}
