// Command terraform evaluates a module of Terraform as far as it can be without providers: variables,
// locals, and every resource with its for_each, count and dynamic blocks. What only AWS would know
// (an ARN, a queue's URL) comes out as the text "${address.attribute}".
//
//	terraform MODULE <VARIABLES.json >RESOURCES.json     {"resources": {address: {attributes}}, "failed": [message]}
//	terraform -format FOLDER...                          names the files that are not laid out canonically
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2/hclwrite"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 1 && args[0] == "-format" {
		return checkFormat(args[1:])
	}
	if len(args) != 1 {
		return fmt.Errorf("usage: terraform MODULE <VARIABLES.json | terraform -format FOLDER...")
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	module, err := loadModule(args[0])
	if err != nil {
		return err
	}
	resources, failed, err := module.evaluate(input)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"resources": resources, "failed": failed})
}

func checkFormat(folders []string) error {
	wrong := 0
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
		if err != nil || len(files) == 0 {
			return fmt.Errorf("%s: no *.tf", folder)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if !bytes.Equal(hclwrite.Format(text), text) {
				fmt.Println(file)
				wrong++
			}
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d file(s) are not laid out as `terraform fmt` does", wrong)
	}
	return nil
}
