// Hibernates and resumes at once, with the image in memory: what the kernel's own test_resume does by a swap, in less time, and in
// kernels too that cannot read a swap back which they use. All other processes are frozen meanwhile.
//
//   freeze, create the image (the devices are suspended and resumed) -> read it -> write it back, freeze, restore:
//   this program goes on behind "create the image" once more, and the system as it was then.

#include <errno.h>
#include <fcntl.h>
#include <linux/suspend_ioctls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void must(int succeeded, const char *what)
{
    if (succeeded)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_snapshot(int mode)
{
    int file = open("/dev/snapshot", mode);
    must(file >= 0, "open /dev/snapshot");
    return file;
}

int main(void)
{
    int file = open_snapshot(O_RDONLY), is_suspended = 0;
    loff_t size = 0, done = 0;
    char *image;
    ssize_t count = 0;

    must(ioctl(file, SNAPSHOT_FREEZE) == 0, "freeze");
    must(ioctl(file, SNAPSHOT_CREATE_IMAGE, &is_suspended) == 0, "create the image");
    if (!is_suspended) {
        must(ioctl(file, SNAPSHOT_UNFREEZE) == 0, "unfreeze");
        close(file);
        puts("resumed");
        return 0;
    }

    must(ioctl(file, SNAPSHOT_GET_IMAGE_SIZE, &size) == 0, "ask for the image's size");
    image = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(image != MAP_FAILED, "take memory for the image");
    // A page at a time: the kernel gives no more.
    while (done <= size && (count = read(file, image + done, PAGE)) > 0)
        done += count;
    must(count == 0, "read the image");
    close(file);
    printf("the image has %lld bytes\n", (long long)done);
    fflush(stdout);

    file = open_snapshot(O_WRONLY);
    for (size = done, done = 0; done < size; done += count) {
        count = write(file, image + done, PAGE);
        must(count > 0, "write the image");
    }
    must(ioctl(file, SNAPSHOT_FREEZE) == 0, "freeze once more");
    ioctl(file, SNAPSHOT_ATOMIC_RESTORE);
    must(0, "restore");
}
