/* The process of the benchmark's models: a daemon that writes its PID to the
   file that PID_FILE names, and then does nothing until a signal ends it. With
   an argument it stays in the foreground, and writes nothing. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void quit(int number)
{
    (void)number;
    _exit(0);
}

int main(int argc, char **argv)
{
    const char *path = getenv("PID_FILE");
    int null = open("/dev/null", O_RDWR);
    FILE *file;
    pid_t pid;

    (void)argv;
    if (argc > 1) {
        /* What is process 1 of a container ends by no signal otherwise. */
        signal(SIGTERM, quit);
        for (;;)
            pause();
    }
    if (path == NULL || null < 0) {
        fprintf(stderr, "idle: PID_FILE has to name a file\n");
        return 1;
    }
    pid = fork();
    if (pid < 0) {
        perror("idle: fork");
        return 1;
    }
    if (pid == 0) {
        setsid();
        /* Whoever reads our starter's output must not have to wait for us. */
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        for (;;)
            pause();
    }
    /* The parent writes the file, so it is there when the start has ended. */
    file = fopen(path, "w");
    if (file == NULL || fprintf(file, "%ld\n", (long)pid) < 0 || fclose(file) != 0) {
        perror(path);
        return 1;
    }
    return 0;
}
