// Package readiness asks a process whether it can be used: by a connection, a
// page, or a command. It asks once; how often, and how long to wait, is its
// callers' matter. It must not know how processes are run.
package readiness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"nixproc/lib/manager"
	"nixproc/lib/model"
	"nixproc/lib/run"
)

// ErrNoAnswer says that the time was up before there was an answer.
var ErrNoAnswer = errors.New("no answer")

// Ask gives nil if the process is ready, and what it answered if not. It ends
// with the context, at the latest.
func Ask(ctx context.Context, r model.Readiness) error {
	var err error
	switch {
	case r.TCP != "":
		err = connect(ctx, addresses(r.TCP))
	case r.HTTP != "":
		err = get(ctx, r.HTTP)
	default:
		err = execute(ctx, r.Command)
	}
	if errors.Is(err, context.DeadlineExceeded) && len(r.Command) == 0 {
		return ErrNoAnswer
	}
	return err
}

// Asked says in words what Ask does.
func Asked(r model.Readiness) string {
	switch {
	case r.TCP != "":
		return "a connection to " + strings.Join(addresses(r.TCP), " or ")
	case r.HTTP != "":
		return r.HTTP
	}
	return run.Quote(r.Command)
}

// addresses of what a process listens on. A port alone is one of this machine,
// by either protocol.
func addresses(tcp string) []string {
	if strings.Contains(tcp, ":") {
		return []string{tcp}
	}
	return []string{"127.0.0.1:" + tcp, "[::1]:" + tcp}
}

// connect gives the error of the first address if there is nobody at any.
func connect(ctx context.Context, addresses []string) error {
	var first error
	for _, address := range addresses {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return connection.Close()
		}
		if first == nil {
			first = err
		}
	}
	return short(first)
}

// client asks the address itself, whatever the caller's environment says of
// proxies, and follows no redirection.
var client = http.Client{
	Transport: &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10},
	CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	},
}

func get(ctx context.Context, page string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "nixproc")
	response, err := client.Do(request)
	if err != nil {
		return short(err)
	}
	response.Body.Close() // nobody reads it, however long it is
	if response.StatusCode < 200 || response.StatusCode > 399 {
		return fmt.Errorf("HTTP %s", response.Status)
	}
	return nil
}

// short leaves out what Asked has said already.
func short(err error) error {
	if within, ok := errors.AsType[*url.Error](err); ok {
		err = within.Err
	}
	if within, ok := errors.AsType[*net.OpError](err); ok {
		return within.Err
	}
	return err
}

// path is what commands get for a PATH.
const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func execute(ctx context.Context, command []string) error {
	c := run.Command{Args: command, Env: manager.ScriptEnvironment(path)}
	if deadline, ok := ctx.Deadline(); ok {
		c.Timeout = time.Until(deadline)
	}
	_, err := run.Host{}.Run(ctx, c)
	return err
}
