// Command scale tells how a deployment to a network grows with it: what the
// coordinator does is measured, up to a size, by running it; what the machines and
// the cable do is simulated from a few times that can be given. Run it from the top
// directory of the tree:
//
//	go run ./tests/scale -measure 1000,10000
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"nixproc/lib/ids"
	"nixproc/lib/network"
)

func main() {
	measured := flag.String("measure", "1000,10000", "numbers of processes to evaluate")
	var c cost
	flag.DurationVar(&c.connect, "connect", 150*time.Millisecond, "to reach a machine, for each activity")
	flag.DurationVar(&c.activate, "activate", 600*time.Millisecond, "to start a process and to see it running")
	flag.DurationVar(&c.coordinate, "coordinate", 15*time.Millisecond, "of a core of the coordinator, for each activity")
	flag.IntVar(&c.cores, "cores", 2, "of the coordinator")
	flag.IntVar(&c.transfers, "transfers", 8, "machines that are copied to side by side")
	flag.IntVar(&c.jobs, "jobs", 4, "processes of a machine that start side by side")
	flag.IntVar(&c.all, "all", 200, "machines that are at work side by side")
	flag.Float64Var(&c.bandwidth, "bandwidth", 1000, "of the coordinator's cable, Mbit/s")
	flag.Float64Var(&c.base, "base", 60, "MB of packages that each machine needs once")
	flag.Float64Var(&c.each, "each", 0.02, "MB of packages of a process's own")
	flag.Parse()
	if err := run(*measured, c); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(measured string, c cost) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "measured\tprocesses\tevaluate\tdistribute\tmodels\tper process")
	for _, text := range strings.Split(measured, ",") {
		count, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		if err := measure(table, count); err != nil {
			return err
		}
	}
	fmt.Fprintln(table, "\nsimulated\tmachines\tprocesses\tcopy\tactivate\tby disnix-deploy\tone process changed")
	for _, machines := range []int{3, 10, 100, 1000} {
		const each = 100
		fmt.Fprintf(table, "\t%d\t%d\t%v\t%v\t%v\t%v\n", machines, machines*each, round(c.copy(machines, each)), round(c.activation(machines, each)), round(c.byDisnix(machines, each)), round(c.change(machines)))
	}
	return table.Flush()
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// measure evaluates a model of so many processes as network-switch does, and
// spreads it over a machine for each hundred.
func measure(table *tabwriter.Writer, count int) error {
	framework, err := filepath.Abs("nixproc")
	if err != nil {
		return err
	}
	directory, err := os.MkdirTemp("", "scale-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	machines := max(count/100, 1)
	var infrastructure strings.Builder
	infrastructure.WriteString("{\n")
	for i := range machines {
		fmt.Fprintf(&infrastructure, "  machine%d.properties = { hostname = \"machine%[1]d\"; processManager = \"sysvinit\"; };\n", i)
	}
	infrastructure.WriteString("}\n")
	file := filepath.Join(directory, "infrastructure.nix")
	if err := os.WriteFile(file, []byte(infrastructure.String()), 0o644); err != nil {
		return err
	}

	begin := time.Now()
	nix := exec.Command("nix-instantiate", "--eval", "--strict", "--json", filepath.Join(framework, "network.nix"),
		"--argstr", "exprFile", filepath.Join(framework, "../tests/scale/processes.nix"), "--argstr", "processManager", "sysvinit", "--argstr", "infrastructureFile", file,
		"--arg", "extraParams", fmt.Sprintf("{ count = %d; framework = %s; }", count, ids.NixString(framework)))
	nix.Env = append(os.Environ(), "NIX_PATH=nixpkgs="+filepath.Join(framework, "hostpkgs"), "NIXPROC_BUILDER=")
	nix.Stderr = os.Stderr
	said, err := nix.Output()
	if err != nil {
		return err
	}
	var described struct {
		Machines  map[string]string
		Processes map[string]struct{ After []string }
	}
	if err := json.Unmarshal(said, &described); err != nil {
		return err
	}
	evaluated := time.Since(begin)

	begin = time.Now()
	var processes []network.Process
	var names []string
	for name, process := range described.Processes {
		processes = append(processes, network.Process{Attribute: name, After: process.After})
	}
	for name := range described.Machines {
		names = append(names, name)
	}
	chosen, err := network.Distribute(names, processes)
	if err != nil {
		return err
	}
	distribution := map[string][]string{}
	for name, machine := range chosen {
		distribution[name] = []string{machine}
	}
	services, err := network.Services(processes, distribution, described.Machines)
	if err != nil {
		return err
	}
	distributed := time.Since(begin)

	begin = time.Now()
	models := network.Models{Framework: framework, ExprFile: "/model", Infrastructure: file, Services: services, ExtraParams: json.RawMessage("{}")}
	if err := models.Write(directory); err != nil {
		return err
	}
	fmt.Fprintf(table, "\t%d\t%v\t%v\t%v\t%v\n", count, round(evaluated), distributed.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond),
		((evaluated + distributed) / time.Duration(count)).Round(10*time.Microsecond))
	return nil
}
