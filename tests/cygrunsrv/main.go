// Cygrunsrv stands for cygrunsrv(1), and for the part of Windows that runs
// services (called as scm), where there is no Cygwin. It takes what nixproc may
// call, by the options of the manual, refuses all else, and really runs the
// programs of services. It must not know nixproc's packages.
//
// NIXPROC_TEST_SCM is a directory with the daemon's socket, a log of all calls,
// and the logs of services.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// answer of the daemon to a call.
type answer struct {
	Out, Err string
	Code     int
}

func main() {
	dir := os.Getenv("NIXPROC_TEST_SCM")
	if filepath.Base(os.Args[0]) == "scm" {
		serve(dir)
	}
	connection, err := net.Dial("unix", filepath.Join(dir, "s"))
	if err != nil {
		fail("cygrunsrv: the service manager does not run: %v", err)
	}
	if err := json.NewEncoder(connection).Encode(os.Args[1:]); err != nil {
		fail("%v", err)
	}
	var a answer
	if err := json.NewDecoder(connection).Decode(&a); err != nil {
		fail("%v", err)
	}
	fmt.Print(a.Out)
	fmt.Fprint(os.Stderr, a.Err)
	os.Exit(a.Code)
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

// serve is the daemon. SIGTERM ends it, with all that it runs.
func serve(dir string) {
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		fail("%v", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, "calls"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		fail("%v", err)
	}
	m := &scm{dir: dir, services: map[string]*service{}}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	go func() {
		<-end
		m.endAll()
		os.Exit(0)
	}()
	var logging sync.Mutex
	for {
		connection, err := listener.Accept()
		if err != nil {
			fail("%v", err)
		}
		go func() {
			defer connection.Close()
			var args []string
			if json.NewDecoder(connection).Decode(&args) != nil {
				return
			}
			a := m.do(args)
			logging.Lock()
			fmt.Fprintf(log, "%d %s\n", a.Code, strings.Join(args[:min(2, len(args))], " "))
			logging.Unlock()
			_ = json.NewEncoder(connection).Encode(a) // who called may be gone
		}()
	}
}
