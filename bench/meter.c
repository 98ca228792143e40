// Runs a command and says, on file descriptor 3, what only its own namespace and its parent can see: its CPU time and how
// fast answers came in.
//   meter DEVICE COMMAND...
// perS is the rate at which the middle 80 % of all frames that DEVICE received during the run arrived.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SAMPLES = 100000, SAMPLE_NS = 5000000, REPORT_FD = 3 };

static struct { double atS; unsigned long long frames; } samples[MAX_SAMPLES];

static void takeSample(const char *path, int *count) {
  struct timespec now;
  FILE *file = fopen(path, "r");
  if (file == NULL || *count == MAX_SAMPLES) exit(1);
  clock_gettime(CLOCK_MONOTONIC, &now);
  samples[*count].atS = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
  if (fscanf(file, "%llu", &samples[*count].frames) != 1) exit(1);
  fclose(file);
  ++*count;
}

// When this share of the frames had arrived, between the two samples around it.
static double timeOf(double share, int count) {
  double first = (double)samples[0].frames;
  double wanted = first + share * ((double)samples[count - 1].frames - first);
  int i = 1;
  while (i < count - 1 && (double)samples[i].frames < wanted) i++;
  double frames = (double)(samples[i].frames - samples[i - 1].frames);
  double part = frames > 0 ? (wanted - (double)samples[i - 1].frames) / frames : 1;
  return samples[i - 1].atS + part * (samples[i].atS - samples[i - 1].atS);
}

int main(int argc, char **argv) {
  char path[128];
  int count = 0, status;
  struct rusage usage;
  if (argc < 3) return 2;
  snprintf(path, sizeof path, "/sys/class/net/%s/statistics/rx_packets", argv[1]);
  takeSample(path, &count);
  pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    close(REPORT_FD);
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  while (wait4(child, &status, WNOHANG, &usage) == 0) {
    struct timespec pause = {0, SAMPLE_NS};
    nanosleep(&pause, NULL);
    takeSample(path, &count);
  }
  takeSample(path, &count);
  unsigned long long frames = samples[count - 1].frames - samples[0].frames;
  double seconds = timeOf(0.9, count) - timeOf(0.1, count);
  dprintf(REPORT_FD, "{\"userS\":%.6f,\"systemS\":%.6f,\"frames\":%llu,\"perS\":%.0f}\n",
          (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6,
          (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6, frames,
          seconds > 0 ? 0.8 * (double)frames / seconds : 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
