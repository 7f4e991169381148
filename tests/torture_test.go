package tests

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The torture of a switch: it is killed, each thing that it does fails, and each
// thing that can hangs, at every point that there is. The points are found by
// doing it once and counting. make torture does all of it; make test does it at
// some points, each time at others.

var supervisordStates = regexp.MustCompile(`(?m)^\S+ +[A-Z]+`)

// tortureOf are the managers under which all points are to be tried, "all" for
// each that is here; "" tries some points.
const tortureOf = "NIXPROC_TEST_TORTURE"

func tortured() bool { return os.Getenv(tortureOf) != "" }

// tally counts what was tried.
type tally struct {
	*torturePlace
	seed                       uint64
	random                     *rand.Rand
	tried, converged, violated int
}

// torture does something for each manager, and says how it went.
func torture(t *testing.T, managers []string, do func(c *tally)) {
	t.Parallel()
	if asked := os.Getenv(tortureOf); asked == "all" {
		managers = slices.Sorted(maps.Keys(torturePlaces))
	} else if asked != "" {
		managers = strings.Split(asked, ",")
	}
	for _, name := range managers {
		t.Run(name, func(t *testing.T) {
			if !tortured() {
				t.Parallel()
			}
			tortureAt(torturePlaces[name](t), name, do)
		})
	}
}

// tortureAt does it in one place.
func tortureAt(p *torturePlace, manager string, do func(c *tally)) {
	p.t.Helper()
	p.ready(manager)
	seed := uint64(time.Now().UnixNano())
	c := &tally{torturePlace: p, seed: seed, random: rand.New(rand.NewPCG(seed, 0))}
	do(c)
	fmt.Printf("%s: %d tried, %d converged, %d violated (seed %d)\n", p.t.Name(), c.tried, c.converged, c.violated, seed)
}

// times is how often something is done: as asked for, or, where all is, number,
// and else a few times.
func times(number int) int {
	if asked, err := strconv.Atoi(os.Getenv("NIXPROC_TEST_TORTURE_TIMES")); err == nil {
		return asked
	}
	if tortured() {
		return number
	}
	return 3
}

// some gives all points, or some of them.
func (c *tally) some(points []string) []string {
	number := times(len(points))
	if number == len(points) {
		return points
	}
	c.random.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	return points[:min(number, len(points))]
}

// count adds what was tried, with what is wrong.
func (c *tally) count(what string, said outcome, problems []string) {
	c.t.Helper()
	c.tried++
	if len(problems) == 0 {
		c.converged++
		return
	}
	c.violated++
	c.t.Errorf("%s:\n%s\nit said (exit code %d)\n%s%s", what, strings.Join(problems, "\n"), said.code, said.stdout, said.stderr)
	if c.process("kept") != c.kept {
		c.t.FailNow() // nothing that comes would be as it should
	}
}

// found gives the points of the switch, and begins anew.
func (c *tally) found() []string {
	c.t.Helper()
	if r := c.deploy(c.two, ""); r.code != 0 {
		c.t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	points := c.points()
	if problems := c.problems(c.two, 2); len(problems) > 0 {
		c.t.Fatal(strings.Join(problems, "\n"))
	}
	c.reset()
	return points
}

// nexts are what may come after a switch that was killed. Whether the profile had
// moved is told to them.
var nexts = map[string]func(c *tally, moved bool) (said outcome, problems []string){
	"the same": func(c *tally, moved bool) (outcome, []string) {
		return c.deploy(c.two, ""), c.problems(c.two, 2)
	},
	"back": func(c *tally, moved bool) (outcome, []string) {
		if moved { // as with nix-env, that is a further generation
			return c.deploy(c.one, ""), c.problems(c.one, 2, 3)
		}
		return c.deploy(c.one, ""), c.problems(c.one)
	},
	"recover": func(c *tally, moved bool) (outcome, []string) {
		if moved {
			return c.run("recover"), c.problems(c.two, 2)
		}
		return c.run("recover"), c.problems(c.one)
	},
}

// P4: a switch that is killed at any point, and then the same one, or the one
// before, or recover: in the end all is exactly as was asked for, nothing runs
// twice, and what has not changed goes on.
func TestKilledAnywhere(t *testing.T) {
	torture(t, []string{"sysvinit", "sysvinit-accounts"}, func(c *tally) {
		points := c.found()
		nexts := maps.Clone(nexts)
		nexts["killed again, and the same"] = func(c *tally, moved bool) (outcome, []string) {
			c.deploy(c.two, "kill "+points[c.random.IntN(len(points))])
			return c.deploy(c.two, ""), c.problems(c.two, 2)
		}
		for _, point := range c.some(slices.Clone(points)) {
			names := slices.Sorted(maps.Keys(nexts))
			if !tortured() {
				names = names[c.random.IntN(len(names)):][:1]
			}
			for _, name := range names {
				killed := c.deploy(c.two, "kill "+point)
				if killed.code != -1 && killed.code != 137 {
					c.count("kill "+point, killed, []string{"it was not killed"})
				}
				at, _ := os.Readlink(c.path("profiles", "processes"))
				said, problems := nexts[name](c, at == "processes-2-link")
				if said.code != 0 {
					problems = append(problems, "it failed")
				}
				c.count("killed "+point+", then "+name, said, problems)
				c.reset()
			}
		}
		fmt.Printf("%s: %d points\n", c.t.Name(), len(points))
	})
}

// P5, P6, P12: whatever fails or hangs at any point, the switch ends, with exit
// code 1 and all as it was, or with 2 and the commands that repair it; or it
// works all the same. The next one makes it right.
func TestFailsAnywhere(t *testing.T) {
	torture(t, []string{"sysvinit"}, func(c *tally) {
		points := slices.DeleteFunc(c.found(), func(point string) bool { return strings.HasPrefix(point, "while ") })
		var sabotages []string
		for _, point := range points {
			sabotages = append(sabotages, "fail "+point)
			// Nix takes the time that it needs.
			if (strings.HasPrefix(point, "before run ") || strings.HasPrefix(point, "before call ")) && !strings.Contains(point, "nix-store") {
				sabotages = append(sabotages, "hang "+point)
			}
		}
		for _, sabotage := range c.some(sabotages) {
			begin := time.Now()
			said := c.deploy(c.two, sabotage, "--timeout=2")
			var problems []string
			_, point, _ := strings.Cut(sabotage, " ")
			// How often a process is asked whether it is ready is a matter of time.
			for tries := 1; tries < 5 && !slices.Contains(c.points(), point) && said.code == 0; tries++ {
				c.reset()
				said = c.deploy(c.two, sabotage, "--timeout=2")
			}
			if !slices.Contains(c.points(), point) {
				problems = append(problems, "it did not come by that point")
			}
			switch said.code {
			case 0:
				if strings.Contains(said.stderr, "warning: the journal of the switch can't be removed") {
					c.deploy(c.two, "")
				}
				if c.cleanUp != nil {
					c.cleanUp(said)
				}
				problems = append(problems, c.problems(c.two, 2)...)
			case 1:
				problems = append(problems, c.problems(c.one)...)
			case 2:
				if !strings.Contains(said.stderr, "to repair it, run: ") {
					problems = append(problems, "no command is printed that repairs it")
				}
				next := c.deploy(c.two, "")
				problems = append(problems, c.problems(c.two, 2)...)
				if next.code != 0 {
					problems = append(problems, "the next one failed:\n"+next.stderr)
				}
			default:
				problems = append(problems, fmt.Sprintf("exit code %d", said.code))
			}
			if said.code != 0 && strings.Contains(sabotage, " run ") && strings.HasPrefix(sabotage, "hang") && !strings.Contains(said.stderr, "did not end within 2s") {
				problems = append(problems, "nothing says that it took too long")
			}
			if took := time.Since(begin); took > time.Minute {
				problems = append(problems, fmt.Sprintf("it took %s", took))
			}
			c.count(sabotage, said, problems)
			c.reset()
		}
		fmt.Printf("%s: %d points, %d sabotages\n", c.t.Name(), len(points), len(sabotages))
	})
}

// P11: a switch that is interrupted at any moment is done, or undone, and says
// which; if it is interrupted twice, the next one makes it right.
func TestInterruptedAnywhere(t *testing.T) {
	torture(t, []string{"sysvinit"}, func(c *tally) {
		if c.manager == "systemd" || c.accounts != 0 {
			c.t.Skip("the signal would end what is around it")
		}
		begin := time.Now()
		c.found()
		longest := time.Since(begin)
		for range times(1000) {
			delay := time.Duration(c.random.Int64N(int64(longest)))
			twice := c.random.IntN(4) == 0
			said := c.interrupted(delay, twice)
			var problems []string
			switch {
			case said.code == 0:
				problems = c.problems(c.two, 2)
			case said.code == 1:
				problems = c.problems(c.one)
			case said.code == -1 && said.stdout+said.stderr == "": // before it could mind any signal
				problems = c.problems(c.one)
			case said.code == 2 && twice:
				if next := c.deploy(c.two, ""); next.code != 0 {
					problems = append(problems, "the next one failed:\n"+next.stderr)
				}
				problems = append(problems, c.problems(c.two, 2)...)
			default:
				problems = append(problems, "another exit code")
			}
			c.count(fmt.Sprintf("interrupted after %s (twice: %t)", delay, twice), said, problems)
			c.reset()
		}
	})
}

// interrupted is a deploy that gets a signal after a while, or two.
func (c *tally) interrupted(delay time.Duration, twice bool) outcome {
	c.t.Helper()
	cmd := exec.Command(c.binary, slices.Concat([]string{c.manager + "-deploy", "--jobs=1", "--state-dir", c.path("state")}, c.options, []string{c.two})...)
	cmd.Dir, cmd.Env = c.dir, c.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	time.AfterFunc(delay, func() {
		cmd.Process.Signal(syscall.SIGINT)
		if twice {
			time.Sleep(20 * time.Millisecond)
			cmd.Process.Signal(syscall.SIGTERM)
		}
	})
	cmd.Wait()
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}
