#include "stream/address.h"

#include "core/text.h"
#include "core/try.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* With its terminating zero; a name takes up to DDMD_PEER_NAME_SIZE and a slash. */
enum { PATH_SIZE = sizeof((struct sockaddr_un *)0)->sun_path };

enum ddmd_status ddmd_socket_directory_create(char **path, ddmd_error *err)
{
    const char *const parents[] = {getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp"};
    enum ddmd_status status = DDMD_OK;
    char *made = NULL;
    int reason = ENAMETOOLONG;
    for (size_t i = 0; i < sizeof parents / sizeof *parents; i++) {
        if (!parents[i] || parents[i][0] != '/')
            continue;
        DDMD_TRY(ddmd_text_format(&made, err, "%s/ddmd-XXXXXX", parents[i]));
        if (strlen(made) + DDMD_PEER_NAME_SIZE < PATH_SIZE) {
            if (mkdtemp(made)) { /* of mode 0700 */
                *path = made;
                return DDMD_OK;
            }
            reason = errno;
        }
        free(made);
        made = NULL;
    }
    status = ddmd_error_set(err, DDMD_IO,
                            "no directory for sockets can be made in $XDG_RUNTIME_DIR, $TMPDIR or "
                            "/tmp: %s",
                            strerror(reason));
out:
    return status;
}

void ddmd_socket_directory_remove(char **path)
{
    if (!*path)
        return;
    DIR *directory = opendir(*path);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        struct stat about;
        if (fstatat(dirfd(directory), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISSOCK(about.st_mode))
            unlinkat(dirfd(directory), entry->d_name, 0);
    }
    if (directory)
        closedir(directory);
    rmdir(*path);
    free(*path);
    *path = NULL;
}

enum ddmd_status ddmd_address_ipc(char address[DDMD_ADDRESS_SIZE], const char *directory,
                                  ddmd_peer server, ddmd_error *err)
{
    char name[DDMD_PEER_NAME_SIZE];
    ddmd_peer_name(server, name);
    if (strlen(directory) + 1 + strlen(name) >= PATH_SIZE)
        return ddmd_error_set(err, DDMD_INVALID,
                              "%s/%s: the name of a socket has at most %d characters", directory,
                              name, (int)PATH_SIZE - 1);
    snprintf(address, DDMD_ADDRESS_SIZE, "ipc://%s/%s", directory, name);
    return DDMD_OK;
}
