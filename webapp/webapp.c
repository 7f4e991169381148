/*
 * A web application that answers every GET with one page. It exists to be
 * managed: the examples and tests run it under all process managers, in the
 * foreground or, with -D, as a daemon in the way of daemon(7).
 *
 * Environment: PORT, PID_FILE (with -D), MESSAGE (optional); see README.md.
 *
 * One process, one poll loop, no forks and no threads: a client that sends
 * nothing costs a table entry until its time is up, or until the entry is
 * needed for somebody else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_CLIENTS = 256,
    MAX_REQUEST = 8192,      /* bytes of request line and headers */
    REQUEST_SECONDS = 10,    /* to send a request and to take the answer */
    GOODBYE_SECONDS = 2      /* between our last byte and the client's end */
};

/* Exit codes, one for each kind of failure. */
enum {
    EXIT_USAGE = 64,
    EXIT_PORT = 65,          /* PORT is missing or no port number */
    EXIT_BIND = 66,          /* the port cannot be bound */
    EXIT_PID_FILE = 67,      /* PID_FILE is missing or cannot be written */
    EXIT_RUNNING = 68,       /* another daemon holds the PID file */
    EXIT_DAEMON = 69,        /* fork or setsid failed, or the daemon died */
    EXIT_MEMORY = 70
};

enum state { READING, WRITING, LEAVING };

struct client {
    int fd;
    enum state state;
    time_t deadline;
    size_t received;
    const char *answer;
    size_t left;             /* bytes of the answer that are still to send */
    char request[MAX_REQUEST];
};

static struct client *clients[MAX_CLIENTS]; /* in order of arrival */
static int client_count;
static char *page_answer;
static const char *bad_method =
    "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
static const char *too_large =
    "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/* What the signal handler needs to remove the PID file. */
static char pid_path[PATH_MAX];
static int pid_fd = -1;

/* Says what failed; in a daemon that is about to start, on the caller's stderr. */
static void complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("webapp: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static time_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* -------- the page -------- */

/* Writes text to out as HTML text. */
static void print_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        default: fputc(*text, out);
        }
    }
}

/* Returns the whole answer to a GET, or NULL without memory. */
static char *make_answer(int port, const char *message)
{
    char *page = NULL, *answer = NULL;
    size_t page_size = 0, answer_size = 0;
    FILE *out = open_memstream(&page, &page_size);
    if (out == NULL)
        return NULL;
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>webapp</title></head>\n<body>\n", out);
    fprintf(out, "<p>This web application is listening on port: %d</p>\n", port);
    if (message != NULL && *message != '\0') {
        fputs("<p>", out);
        print_escaped(out, message);
        fputs("</p>\n", out);
    }
    fputs("</body>\n</html>\n", out);
    if (fclose(out) != 0)
        return NULL;

    out = open_memstream(&answer, &answer_size);
    if (out == NULL)
        return NULL;
    fprintf(out, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", page_size, page);
    free(page);
    return fclose(out) == 0 ? answer : NULL;
}

/* -------- clients -------- */

static void drop_client(int index)
{
    close(clients[index]->fd);
    free(clients[index]);
    client_count--;
    memmove(&clients[index], &clients[index + 1], (size_t)(client_count - index) * sizeof clients[0]);
}

static void accept_client(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        /* Without descriptors the oldest client has to go; other errors concern only the newcomer. */
        if ((errno == EMFILE || errno == ENFILE) && client_count > 0)
            drop_client(0);
        return;
    }
    if (client_count == MAX_CLIENTS)
        drop_client(0);
    struct client *client = malloc(sizeof *client);
    if (client == NULL) {
        close(fd);
        return;
    }
    client->fd = fd;
    client->state = READING;
    client->deadline = now() + REQUEST_SECONDS;
    client->received = 0;
    clients[client_count++] = client;
}

static void answer_with(struct client *client, const char *answer)
{
    client->answer = answer;
    client->left = strlen(answer);
    client->state = WRITING;
}

/* Each step returns 0 when the client is done with. */
static int read_request(struct client *client)
{
    ssize_t n = read(client->fd, client->request + client->received, MAX_REQUEST - 1 - client->received);
    if (n == 0)
        return 0;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    client->received += (size_t)n;
    client->request[client->received] = '\0';
    if (strstr(client->request, "\r\n\r\n") != NULL || strstr(client->request, "\n\n") != NULL)
        answer_with(client, strncmp(client->request, "GET ", 4) == 0 ? page_answer : bad_method);
    else if (client->received == MAX_REQUEST - 1)
        answer_with(client, too_large);
    return 1;
}

static int write_answer(struct client *client)
{
    ssize_t n = write(client->fd, client->answer, client->left);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    client->answer += n;
    client->left -= (size_t)n;
    if (client->left == 0) {
        /* Closing now could reset the connection before the client has read the answer. */
        shutdown(client->fd, SHUT_WR);
        client->state = LEAVING;
        client->deadline = now() + GOODBYE_SECONDS;
    }
    return 1;
}

static int see_off(struct client *client)
{
    ssize_t n = read(client->fd, client->request, MAX_REQUEST);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static int serve_client(struct client *client)
{
    switch (client->state) {
    case READING: return read_request(client);
    case WRITING: return write_answer(client);
    default: return see_off(client);
    }
}

static void serve(const int listeners[2])
{
    struct pollfd polled[MAX_CLIENTS + 2];
    for (;;) {
        int count = client_count;
        for (int i = 0; i < count; i++)
            polled[i] = (struct pollfd){ .fd = clients[i]->fd, .events = clients[i]->state == WRITING ? POLLOUT : POLLIN };
        for (int i = 0; i < 2; i++)
            polled[count + i] = (struct pollfd){ .fd = listeners[i], .events = POLLIN };
        poll(polled, (nfds_t)count + 2, count > 0 ? 1000 : -1);

        time_t time = now();
        /* From the end, so that dropping one does not move those to come. */
        for (int i = count - 1; i >= 0; i--)
            if ((polled[i].revents != 0 && !serve_client(clients[i])) || clients[i]->deadline < time)
                drop_client(i);
        for (int i = 0; i < 2; i++)
            if (polled[count + i].revents != 0)
                accept_client(listeners[i]);
    }
}

/* -------- listening -------- */

/* Returns a listening socket; -1 with errno when that is not possible. */
static int listen_on(int family, int port)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port) };
    struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t size = family == AF_INET ? sizeof v4 : sizeof v6;
    int on = 1;

    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
        && (family == AF_INET || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0)
        && bind(fd, address, size) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* Fills in both listeners. A host may lack one of the two families (-1 then), not both. */
static int listen_on_all(int port, int listeners[2])
{
    const int families[2] = { AF_INET6, AF_INET };
    int absent = 0;
    for (int i = 0; i < 2; i++) {
        listeners[i] = listen_on(families[i], port);
        if (listeners[i] >= 0)
            continue;
        if (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)
            absent++;
        else
            absent = 2;
        if (absent == 2) {
            complain("cannot listen on port %d: %s", port, strerror(errno));
            return EXIT_BIND;
        }
    }
    return 0;
}

/* -------- the PID file and the daemon -------- */

/* Only what is safe in a signal handler. A PID file that is no longer ours stays. */
static void end(int signum)
{
    struct stat ours, there;
    (void)signum;
    if (pid_fd >= 0 && fstat(pid_fd, &ours) == 0 && stat(pid_path, &there) == 0
        && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
        unlink(pid_path);
    _exit(0);
}

/*
 * Opens and locks the PID file. The lock, not the number in the file, says
 * whether a daemon runs: what a crash leaves behind blocks nobody.
 */
static int take_pid_file(const char *path)
{
    char directory[PATH_MAX] = "";
    if (path[0] != '/' && getcwd(directory, sizeof directory - 1) == NULL) {
        complain("cannot find the working directory: %s", strerror(errno));
        return EXIT_PID_FILE;
    }
    if (snprintf(pid_path, sizeof pid_path, "%s%s%s", directory, directory[0] != '\0' ? "/" : "", path) >= (int)sizeof pid_path) {
        complain("PID_FILE is too long: %s", path);
        return EXIT_PID_FILE;
    }
    for (;;) {
        struct stat opened, there;
        pid_fd = open(pid_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (pid_fd < 0) {
            complain("cannot write the PID file %s: %s", pid_path, strerror(errno));
            return EXIT_PID_FILE;
        }
        if (flock(pid_fd, LOCK_EX | LOCK_NB) != 0) {
            complain("already running: another process holds the PID file %s", pid_path);
            return EXIT_RUNNING;
        }
        /* Its last owner may have removed it between our open and our lock. */
        if (fstat(pid_fd, &opened) == 0 && stat(pid_path, &there) == 0
            && opened.st_dev == there.st_dev && opened.st_ino == there.st_ino)
            return 0;
        close(pid_fd);
    }
}

/* Readers see the old number or the new one, never half of it. */
static int write_pid(void)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    return pwrite(pid_fd, text, (size_t)size, 0) == size && ftruncate(pid_fd, size) == 0 ? 0 : -1;
}

/* Closes what was inherited, apart from the standard streams. */
static void close_inherited(void)
{
    struct rlimit limit;
    int last = 65536;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)last)
        last = (int)limit.rlim_cur;
    for (int fd = 3; fd < last; fd++)
        close(fd);
}

static void reset_signals(void)
{
    sigset_t none;
    for (int signum = 1; signum < NSIG; signum++)
        signal(signum, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void handle_signals(void)
{
    struct sigaction action = { .sa_handler = end };
    sigfillset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* The last part of becoming a daemon, in the process that stays. */
static int settle(void)
{
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || chdir("/") != 0)
        return -1;
    umask(0);
    /* There is no configuration to read again, and no terminal to lose. */
    signal(SIGHUP, SIG_IGN);
    handle_signals();
    if (write_pid() != 0)
        return -1;
    /* The errors above were still for whoever started us. */
    dup2(null, 2);
    if (null > 2)
        close(null);
    return 0;
}

/*
 * Becomes a daemon. Only the daemon returns, with 0; the calling process ends
 * when the daemon is ready, and says so by its exit code.
 */
static int become_daemon(void)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0) {
        complain("cannot make a pipe: %s", strerror(errno));
        return EXIT_DAEMON;
    }
    pid_t child = fork();
    if (child < 0) {
        complain("cannot fork: %s", strerror(errno));
        return EXIT_DAEMON;
    }
    if (child > 0) {
        char byte;
        ssize_t n;
        close(ready[1]);
        do
            n = read(ready[0], &byte, 1);
        while (n < 0 && errno == EINTR);
        if (n != 1) {
            complain("the daemon ended before it was ready");
            _exit(EXIT_DAEMON);
        }
        _exit(0);
    }
    /* A session of our own, then a process that does not lead it and so can never get a terminal. */
    if (setsid() < 0 || (child = fork()) < 0) {
        complain("cannot detach from the session: %s", strerror(errno));
        _exit(EXIT_DAEMON);
    }
    if (child > 0)
        _exit(0);
    if (settle() != 0) {
        complain("cannot set up the daemon and its PID file %s: %s", pid_path, strerror(errno));
        unlink(pid_path);
        _exit(EXIT_DAEMON);
    }
    if (write(ready[1], "", 1) != 1)
        end(0); /* the caller is gone */
    close(ready[0]);
    close(ready[1]);
    return 0;
}

/* Returns the number that text is, or 0 when it is no port. */
static int parse_port(const char *text)
{
    char *rest;
    if (text[0] < '0' || text[0] > '9')
        return 0;
    long port = strtol(text, &rest, 10);
    return *rest == '\0' && port >= 1 && port <= 65535 ? (int)port : 0;
}

int main(int argc, char *argv[])
{
    int as_daemon = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-D") != 0) {
            complain("unknown argument '%s'; usage: PORT=N [PID_FILE=FILE] webapp [-D]", argv[i]);
            return EXIT_USAGE;
        }
        as_daemon = 1;
    }
    const char *port_text = getenv("PORT"), *pid_file = getenv("PID_FILE");
    if (port_text == NULL) {
        complain("the environment variable PORT is not set; it says which port to listen on");
        return EXIT_PORT;
    }
    int port = parse_port(port_text);
    if (port == 0) {
        complain("PORT is '%s'; it must be a number from 1 to 65535", port_text);
        return EXIT_PORT;
    }
    if (as_daemon && (pid_file == NULL || *pid_file == '\0')) {
        complain("the environment variable PID_FILE is not set; with -D it says where to write the process ID");
        return EXIT_PID_FILE;
    }
    page_answer = make_answer(port, getenv("MESSAGE"));
    if (page_answer == NULL) {
        complain("out of memory");
        return EXIT_MEMORY;
    }

    int listeners[2], status;
    if (as_daemon) {
        close_inherited();
        reset_signals();
        /* The lock comes first: a second start of the same instance is told so, not that the port is taken. */
        status = take_pid_file(pid_file);
        if (status != 0)
            return status;
        status = listen_on_all(port, listeners);
        if (status != 0) {
            unlink(pid_path);
            return status;
        }
        status = become_daemon();
        if (status != 0) {
            unlink(pid_path);
            return status;
        }
    } else {
        status = listen_on_all(port, listeners);
        if (status != 0)
            return status;
        handle_signals();
    }
    serve(listeners);
}
