#include "stream/keys.h"

#include "core/file.h"
#include "core/try.h"
#include "stream/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { FILE_LIMIT = 1024 };

static const char layout[] = "server-public %40s\nserver-secret %40s\n"
                             "client-public %40s\nclient-secret %40s\n%n";

static enum ddmd_status create_pair(ddmd_key_pair *pair, ddmd_error *err)
{
    if (zmq_curve_keypair(pair->public_key, pair->secret_key) == 0)
        return DDMD_OK;
    return ddmd_error_set(err, DDMD_UNSUPPORTED,
                          "this libzmq was built without CURVE, so that nothing can be sent over "
                          "TCP; install one that has it (Debian's does)");
}

enum ddmd_status ddmd_keys_create(ddmd_keys *keys, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    ddmd_keys made;
    DDMD_TRY(create_pair(&made.server, err));
    DDMD_TRY(create_pair(&made.client, err));
    *keys = made;
out:
    ddmd_keys_clear(&made);
    return status;
}

enum ddmd_status ddmd_keys_write(const char *path, const ddmd_keys *keys, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", path, strerror(errno));
    int put =
        dprintf(fd, "server-public %s\nserver-secret %s\nclient-public %s\nclient-secret %s\n",
                keys->server.public_key, keys->server.secret_key, keys->client.public_key,
                keys->client.secret_key);
    if (put < 0 || fsync(fd) != 0)
        status = ddmd_error_set(err, DDMD_IO, "%s: %s", path, strerror(errno));
    close(fd);
    if (status != DDMD_OK)
        unlink(path);
out:
    return status;
}

static bool is_key(const char *key)
{
    uint8_t bytes[32];
    bool good = strlen(key) == DDMD_KEY_SIZE - 1 && zmq_z85_decode(bytes, key) != NULL;
    explicit_bzero(bytes, sizeof bytes);
    return good;
}

enum ddmd_status ddmd_keys_read(const char *path, ddmd_keys *keys, ddmd_error *err)
{
    enum ddmd_status status = DDMD_OK;
    char *text = NULL;
    size_t length = 0;
    int end = -1;
    struct stat about;
    ddmd_keys read = {0};
    if (stat(path, &about) != 0)
        DDMD_FAIL(err, DDMD_IO, "%s: %s", path, strerror(errno));
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        DDMD_FAIL(err, DDMD_IO, "%s: others may read this file of secret keys; chmod 600 it", path);
    DDMD_TRY(ddmd_file_read(path, FILE_LIMIT, &text, &length, err));
    if (sscanf(text, layout, read.server.public_key, read.server.secret_key, read.client.public_key,
               read.client.secret_key, &end) != 4 ||
        end < 0 || (size_t)end != length || !is_key(read.server.public_key) ||
        !is_key(read.server.secret_key) || !is_key(read.client.public_key) ||
        !is_key(read.client.secret_key))
        DDMD_FAIL(err, DDMD_FORMAT, "%s: not a file of keys", path);
    *keys = read;
out:
    if (text)
        explicit_bzero(text, length);
    free(text);
    ddmd_keys_clear(&read);
    return status;
}

void ddmd_keys_clear(ddmd_keys *keys)
{
    explicit_bzero(keys, sizeof *keys);
}
