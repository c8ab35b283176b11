package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"sort"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

type module struct {
	folder    string
	variables map[string]*hclsyntax.Body
	locals    map[string]*hclsyntax.Attribute
	resources map[string]*hclsyntax.Block // by type.name; data sources by data.type.name
	outputs   map[string]*hclsyntax.Attribute

	functions map[string]function.Function
	values    map[string]cty.Value      // var.x, local.x
	made      map[string]cty.Value      // type.name, data.type.name
	attrs     map[string]map[string]any // what comes out, by address
	failed    []string                  // preconditions
}

func loadModule(folder string) (*module, error) {
	m := &module{
		folder: folder, functions: functions(folder),
		variables: map[string]*hclsyntax.Body{}, locals: map[string]*hclsyntax.Attribute{},
		resources: map[string]*hclsyntax.Block{}, outputs: map[string]*hclsyntax.Attribute{},
		values: map[string]cty.Value{}, made: map[string]cty.Value{}, attrs: map[string]map[string]any{},
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*.tf"))
	parser := hclparse.NewParser()
	for _, name := range files {
		file, diagnostics := parser.ParseHCLFile(name)
		if diagnostics.HasErrors() {
			return nil, diagnostics
		}
		for _, block := range file.Body.(*hclsyntax.Body).Blocks {
			switch block.Type {
			case "variable":
				m.variables[block.Labels[0]] = block.Body
			case "locals":
				for name, attribute := range block.Body.Attributes {
					m.locals[name] = attribute
				}
			case "resource":
				m.resources[block.Labels[0]+"."+block.Labels[1]] = block
			case "data":
				m.resources["data."+block.Labels[0]+"."+block.Labels[1]] = block
			case "output":
				m.outputs[block.Labels[0]] = block.Body.Attributes["value"]
			case "terraform":
			default:
				return nil, fmt.Errorf("%s: %s blocks are not understood", block.TypeRange, block.Type)
			}
		}
	}
	return m, nil
}

func (m *module) evaluate(variables []byte) (map[string]map[string]any, []string, error) {
	if err := m.setVariables(variables); err != nil {
		return nil, nil, err
	}
	// What depends on nothing that is missing comes next, until all is there.
	waiting := map[string]func() error{}
	needs := map[string][]hcl.Traversal{}
	for name, attribute := range m.locals {
		waiting["local."+name] = func() error { return m.evaluateLocal(name, attribute) }
		needs["local."+name] = attribute.Expr.Variables()
	}
	for address, block := range m.resources {
		waiting[address] = func() error { return m.evaluateResource(address, block) }
		needs[address] = variablesOf(block.Body)
	}
	for len(waiting) > 0 {
		progress := false
		for _, name := range sortedKeys(waiting) {
			missing, err := m.missing(needs[name], waiting)
			if err != nil {
				return nil, nil, err
			}
			if missing {
				continue
			}
			if err := waiting[name](); err != nil {
				return nil, nil, err
			}
			delete(waiting, name)
			progress = true
		}
		if !progress {
			return nil, nil, fmt.Errorf("these depend on each other: %v", sortedKeys(waiting))
		}
	}
	for name, output := range m.outputs {
		if _, diagnostics := output.Expr.Value(m.context(nil)); diagnostics.HasErrors() {
			return nil, nil, fmt.Errorf("output %s: %w", name, diagnostics)
		}
	}
	sort.Strings(m.failed)
	return m.attrs, m.failed, nil
}

func (m *module) setVariables(input []byte) error {
	given := map[string]json.RawMessage{}
	if err := json.Unmarshal(input, &given); err != nil {
		return err
	}
	for name := range given {
		if m.variables[name] == nil {
			return fmt.Errorf("the module has no variable %s", name)
		}
	}
	for name, body := range m.variables {
		wanted, diagnostics := typeexpr.TypeConstraint(body.Attributes["type"].Expr)
		if diagnostics.HasErrors() {
			return diagnostics
		}
		value := cty.NilVal
		if raw, ok := given[name]; ok {
			implied, err := ctyjson.ImpliedType(raw)
			if err != nil {
				return err
			}
			if value, err = ctyjson.Unmarshal(raw, implied); err != nil {
				return err
			}
		} else if fallback := body.Attributes["default"]; fallback != nil {
			value, _ = fallback.Expr.Value(nil)
		} else {
			return fmt.Errorf("variable %s has no value", name)
		}
		converted, err := convert.Convert(value, wanted)
		if err != nil {
			return fmt.Errorf("variable %s: %w", name, err)
		}
		m.values["var."+name] = converted
	}
	return m.checkVariables()
}

func (m *module) checkVariables() error {
	for name, body := range m.variables {
		for _, block := range body.Blocks {
			if ok, diagnostics := block.Body.Attributes["condition"].Expr.Value(m.context(nil)); diagnostics.HasErrors() {
				return diagnostics
			} else if ok.False() {
				message, _ := block.Body.Attributes["error_message"].Expr.Value(m.context(nil))
				m.failed = append(m.failed, fmt.Sprintf("variable %s: %s", name, message.AsString()))
			}
		}
	}
	return nil
}

// Whether an expression refers to what is still to come; an error if to what nobody declares.
func (m *module) missing(traversals []hcl.Traversal, waiting map[string]func() error) (bool, error) {
	for _, traversal := range traversals {
		name, ok := referenceOf(traversal)
		if !ok {
			continue
		}
		if _, wait := waiting[name]; wait {
			return true, nil
		}
		_, value := m.values[name]
		_, made := m.made[name]
		if !value && !made {
			return false, fmt.Errorf("%s: %s is not declared", traversal.SourceRange(), name)
		}
	}
	return false, nil
}

// "var.x", "local.x", "type.name" or "data.type.name"; nothing for each, count, path, self, and the
// iterators of dynamic blocks and for expressions (which Variables() leaves out by itself).
func referenceOf(traversal hcl.Traversal) (string, bool) {
	steps := []string{traversal.RootName()}
	for _, step := range traversal[1:] {
		attribute, ok := step.(hcl.TraverseAttr)
		if !ok {
			break
		}
		steps = append(steps, attribute.Name)
	}
	switch root := steps[0]; {
	case root == "var" || root == "local":
		return root + "." + steps[1], true
	case root == "data":
		return "data." + steps[1] + "." + steps[2], true
	case len(root) > 4 && root[:4] == "aws_":
		return root + "." + steps[1], true
	}
	return "", false
}

func variablesOf(body *hclsyntax.Body) []hcl.Traversal {
	var found []hcl.Traversal
	for name, attribute := range body.Attributes {
		if name != "depends_on" {
			found = append(found, attribute.Expr.Variables()...)
		}
	}
	for _, block := range body.Blocks {
		found = append(found, variablesOf(block.Body)...)
	}
	return found
}

func (m *module) evaluateLocal(name string, attribute *hclsyntax.Attribute) error {
	value, diagnostics := attribute.Expr.Value(m.context(nil))
	if diagnostics.HasErrors() {
		return fmt.Errorf("local.%s: %w", name, diagnostics)
	}
	m.values["local."+name] = value
	return nil
}

func (m *module) context(more map[string]cty.Value) *hcl.EvalContext {
	trees := map[string]map[string]cty.Value{"var": {}, "local": {}, "path": {
		"module": cty.StringVal(m.folder), "root": cty.StringVal(m.folder)}}
	data := map[string]map[string]cty.Value{}
	for name, value := range m.values {
		root, rest := cut(name)
		trees[root][rest] = value
	}
	for address, value := range m.made {
		kind, name := cut(address)
		into := trees
		if kind == "data" {
			kind, name = cut(name)
			into = data
		}
		if into[kind] == nil {
			into[kind] = map[string]cty.Value{}
		}
		into[kind][name] = value
	}
	variables := map[string]cty.Value{"data": objectOfObjects(data)}
	for root, tree := range trees {
		variables[root] = cty.ObjectVal(tree)
	}
	for name, value := range more {
		variables[name] = value
	}
	return &hcl.EvalContext{Variables: variables, Functions: m.functions}
}

func (m *module) evaluateResource(address string, block *hclsyntax.Block) error {
	body := block.Body
	switch {
	case body.Attributes["for_each"] != nil:
		all, diagnostics := body.Attributes["for_each"].Expr.Value(m.context(nil))
		if diagnostics.HasErrors() {
			return diagnostics
		}
		instances := map[string]cty.Value{}
		for it := all.ElementIterator(); it.Next(); {
			key, value := it.Element()
			each := cty.ObjectVal(map[string]cty.Value{"key": key, "value": value})
			made, err := m.instance(fmt.Sprintf("%s[%q]", address, key.AsString()), body,
				m.context(map[string]cty.Value{"each": each}))
			if err != nil {
				return err
			}
			instances[key.AsString()] = made
		}
		m.made[address] = cty.ObjectVal(instances)
	case body.Attributes["count"] != nil:
		count, diagnostics := body.Attributes["count"].Expr.Value(m.context(nil))
		if diagnostics.HasErrors() {
			return diagnostics
		}
		number, _ := count.AsBigFloat().Int64()
		instances := []cty.Value{}
		for i := int64(0); i < number; i++ {
			made, err := m.instance(fmt.Sprintf("%s[%d]", address, i), body, m.context(nil))
			if err != nil {
				return err
			}
			instances = append(instances, made)
		}
		m.made[address] = cty.TupleVal(instances)
	default:
		made, err := m.instance(address, body, m.context(nil))
		if err != nil {
			return err
		}
		m.made[address] = made
	}
	return nil
}

// What AWS or Terraform itself would say of a resource.
var computed = []string{"arn", "id", "url", "name", "bucket", "account_id", "partition",
	"output_path", "output_base64sha256"}

func (m *module) instance(address string, body *hclsyntax.Body, context *hcl.EvalContext) (cty.Value, error) {
	attributes, err := m.attributesOf(dynblock.Expand(body, context).(hcl.Body), body, context, true)
	if err != nil {
		return cty.NilVal, fmt.Errorf("%s: %w", address, err)
	}
	if err := m.checkConditions(address, body, context); err != nil {
		return cty.NilVal, err
	}
	m.attrs[address] = plain(attributes)
	for _, name := range computed {
		if value, ok := attributes[name]; !ok || value.IsNull() {
			attributes[name] = cty.StringVal(fmt.Sprintf("${%s.%s}", address, name))
		}
	}
	return cty.ObjectVal(attributes), nil
}

func (m *module) checkConditions(address string, body *hclsyntax.Body, context *hcl.EvalContext) error {
	for _, lifecycle := range body.Blocks {
		if lifecycle.Type != "lifecycle" {
			continue
		}
		for _, block := range lifecycle.Body.Blocks {
			ok, diagnostics := block.Body.Attributes["condition"].Expr.Value(context)
			if diagnostics.HasErrors() {
				return diagnostics
			}
			if ok.False() {
				message, diagnostics := block.Body.Attributes["error_message"].Expr.Value(context)
				if diagnostics.HasErrors() {
					return diagnostics
				}
				m.failed = append(m.failed, fmt.Sprintf("%s: %s", address, message.AsString()))
			}
		}
	}
	return nil
}

func sortedKeys[V any](of map[string]V) []string {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
