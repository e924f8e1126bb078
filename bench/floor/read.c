/* floor-read FOLDER: opens, reads and closes every file of a folder; prints the bytes. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static char buffer[1 << 16];
    DIR *folder = argc > 1 ? opendir(argv[1]) : NULL;
    struct dirent *entry;
    size_t total = 0;

    if (folder == NULL) {
        return 1;
    }
    while ((entry = readdir(folder)) != NULL) {
        int file = openat(dirfd(folder), entry->d_name, O_RDONLY);
        ssize_t n;

        while (file >= 0 && (n = read(file, buffer, sizeof buffer)) > 0) {
            total += (size_t)n;
        }
        if (file >= 0) {
            close(file);
        }
    }
    printf("%zu\n", total);
    closedir(folder);
    return 0;
}
