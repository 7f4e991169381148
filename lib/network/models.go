package network

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixproc/lib/ids"
)

// Models are the three models by which Disnix knows a network.
type Models struct {
	Framework      string // directory of the framework's Nix files
	ExprFile       string // the processes model; "" for none
	Infrastructure string // path
	Services       []Service
	Arguments      map[string]any    // of the model: its directories and so on
	Properties     map[string]string // of each machine's container
	ExtraParams    json.RawMessage
}

// Write writes services.nix, infrastructure.nix and distribution.nix; and models.nix,
// which has what the services are made of.
func (m Models) Write(directory string) error {
	services, machines := map[string]Service{}, map[string][]string{}
	for _, service := range m.Services {
		services[service.Name] = service
		machines[service.Name] = service.Machines
	}
	exprFile := "null"
	if m.ExprFile != "" {
		exprFile = "/. + " + ids.NixString(m.ExprFile)
	}
	given := " {\n  exprFile = " + exprFile + ";\n  services = " + data(services) + ";\n  arguments = " + data(m.Arguments) + ";\n  extraParams = " + data(m.ExtraParams) + ";\n}\n"
	imported := func(file string) string {
		return "import (/. + " + ids.NixString(filepath.Join(m.Framework, "network", file)) + ")" + given
	}
	var distribution strings.Builder
	distribution.WriteString("{ infrastructure }: {\n")
	for _, name := range slices.Sorted(maps.Keys(machines)) {
		fmt.Fprintf(&distribution, "  %s = [", ids.NixString(name))
		for _, machine := range machines[name] {
			fmt.Fprintf(&distribution, " infrastructure.%s", ids.NixString(machine))
		}
		distribution.WriteString(" ];\n")
	}
	distribution.WriteString("}\n")
	for name, text := range map[string]string{
		"services.nix": imported("services.nix"), "models.nix": imported("models.nix"),
		"infrastructure.nix": "builtins.mapAttrs\n  (_: machine: machine // { containers = { " + Module + " = { }; } // (machine.containers or { }) // {\n" +
			"    " + Module + " = " + data(m.Properties) + " // (machine.containers." + Module + " or { });\n  }; })\n  (import (/. + " + ids.NixString(m.Infrastructure) + "))\n",
		"distribution.nix": distribution.String(),
	} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// data writes plain data as an expression.
func data(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it is made of maps and texts
	}
	return "builtins.fromJSON " + ids.NixString(string(text))
}
