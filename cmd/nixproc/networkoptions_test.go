package main

import (
	"errors"
	"strings"
	"testing"
)

// What would have no effect on a network is refused, by its name.
func TestNetworkOptions(t *testing.T) {
	t.Setenv("NIXPROC_STATE_DIR", "/from/the/environment")
	for _, c := range []struct {
		line, want string // "" for what is served
	}{
		{"-i x model.nix", ""},
		{"-i x -d y -P systemd --jobs 2 --timeout 5 --wait --json --host-packages --show-trace --log-dir /x model.nix", ""},
		{"-i x --ids y --id-resources z --id-scope machine --service-property p model.nix", ""},
		{"-i x --undeploy --host-packages --show-trace --state-dir /x --timeout 5", ""},
		{"--rollback --json --jobs 2 --timeout 5 --wait -p other", ""},
		{"-P sysvinit model.nix", "no machines were given"},
		{"-P nope -i x model.nix", "there is no process manager 'nope' here: use bsdrc, cygrunsrv, docker,"},
		{"-P disnix -i x model.nix", "-P names the process manager that they have, bsdrc, cygrunsrv, docker,"},
		{"--rollback model.nix", "--rollback takes neither a model nor --undeploy"},
		{"--rollback --undeploy", "--rollback takes neither a model nor --undeploy"},
		{"--rollback -i x", "--rollback goes back to a generation, which has its machines, packages and directories in it: leave out --infrastructure"},
		{"--rollback --log-dir /x", "leave out --log-dir"},
		{"--rollback -P systemd", "leave out --process-manager"},
		{"--rollback --ids x --id-resources y", "leave out --id-resources"},
		{"-i x --undeploy model.nix", "--undeploy takes no model"},
		{"-i x --undeploy -d y", "--undeploy evaluates no model: leave out --distribution"},
		{"-i x --undeploy --ids y --id-resources z", "leave out --id-resources"},
		{"-i x --ids y model.nix", "--ids needs --id-resources"},
		{"-i x --ids y --id-resources y model.nix", "name the same file"},
		{"-i x --id-scope z model.nix", "--id-scope is machine or network, not 'z'"},
		{"-i x --id-scope network model.nix", "without --id-resources and --ids no IDs are assigned: leave out --id-scope"},
		{"-i x --service-property y model.nix", "leave out --service-property"},
	} {
		for _, name := range []string{"network-switch", "network-plan"} {
			o, operands, err := parse(name, commands()[name].set, strings.Fields(c.line))
			if err == nil {
				err = checkNetworkOptions(o, operands)
			}
			_, usage := errors.AsType[usageError](err)
			if c.want == "" && err != nil || c.want != "" && (!usage || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%s %s: %v, want %q", name, c.line, err, c.want)
			}
		}
	}
	if o, _, err := parse("network-switch", commands()["network-switch"].set, []string{"-p", ""}); err != nil || o.profile != usualNetwork {
		t.Errorf("an empty name stands for the profile %q, %v", o.profile, err)
	}
}
