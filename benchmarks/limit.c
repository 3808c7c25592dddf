// How little it can take: one connection, sendfile(2) for the photo, recv(2) into one buffer, base64 decoded where it
// arrives, write(2). No JSON, no whole picture in memory, no ledger, nothing durable: a floor, not a design.
// limit PORT WAY PHOTO FILE TIMES  ->  CPU seconds a picture
// The decoder: Mula and Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions", ACM TWEB 2018.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

enum { ROOM = 1 << 18 };
static const char *ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", *KEY = "\"b64_json\":\"";
static unsigned char in[ROOM + 64], out[2 * ROOM], value[256], *at, *end;
static int connection, file;

static void must(int good, const char *what) { if (!good) { perror(what); exit(1); } }

static size_t decode(const unsigned char *s, size_t n, unsigned char *d) {  // n is a multiple of 4
    unsigned char *o = d;
    size_t i = 0;
#ifdef __AVX2__
#define TWICE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)
    const __m256i low = TWICE(21, 17, 17, 17, 17, 17, 17, 17, 17, 17, 19, 26, 27, 27, 27, 26);
    const __m256i high = TWICE(16, 16, 1, 2, 4, 8, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16);
    const __m256i roll = TWICE(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i order = TWICE(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m256i slash = _mm256_set1_epi8('/'), together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, -1, -1);
    for (; i + 48 <= n; i += 32, o += 24) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(s + i));
        __m256i h = _mm256_and_si256(_mm256_srli_epi32(v, 4), slash), l = _mm256_and_si256(v, slash);
        if (!_mm256_testz_si256(_mm256_shuffle_epi8(low, l), _mm256_shuffle_epi8(high, h))) break;
        v = _mm256_add_epi8(v, _mm256_shuffle_epi8(roll, _mm256_add_epi8(_mm256_cmpeq_epi8(v, slash), h)));
        v = _mm256_madd_epi16(_mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140)), _mm256_set1_epi32(0x11000));
        _mm256_storeu_si256((__m256i *)o, _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(v, order), together));
    }
#endif
    for (; i < n; i += 4, o += 3) {
        unsigned v = value[s[i]] << 18 | value[s[i + 1]] << 12 | value[s[i + 2]] << 6 | value[s[i + 3]];
        o[0] = v >> 16, o[1] = v >> 8, o[2] = v;
    }
    return o - d - (n && s[n - 1] == '=') - (n && s[n - 2] == '=');
}

static void receive(void) {
    ssize_t got = recv(connection, in, ROOM, 0);
    must(got > 0, "recv");
    at = in, end = in + got;
}

static void line(char *text, size_t room) {  // one line of the head, or a chunk's size; its end is left out
    size_t n = 0;
    for (;;) {
        if (at == end) receive();
        if (*at++ == '\n') break;
        if (n + 1 < room) text[n++] = at[-1];
    }
    text[n && text[n - 1] == '\r' ? n - 1 : n] = 0;
}

static unsigned char carry[4];
static int carried, inside, matched;
static size_t ready;  // bytes in out that are not written yet: fewer, larger writes

static void body(unsigned char *p, unsigned char *e) {  // look for KEY; what follows, up to the next quote, is base64
    while (p < e) {
        if (!inside) {
            matched = *p == KEY[matched] ? matched + 1 : *p == KEY[0];
            if (matched && !KEY[matched]) {
                inside = 1, matched = carried = 0;
                must(!ftruncate(file, 0) && !lseek(file, 0, SEEK_SET), "again");
            }
            p++;
            continue;
        }
        unsigned char *quote = memchr(p, '"', e - p), *stop = quote ? quote : e;
        while (carried && carried < 4 && p < stop) carry[carried++] = *p++;
        if (carried == 4) ready += decode(carry, 4, out + ready), carried = 0;
        size_t whole = (stop - p) & ~3ul;
        ready += decode(p, whole, out + ready);
        for (p += whole; p < stop; p++) carry[carried++] = *p;
        if (quote || ready >= ROOM) {
            must(write(file, out, ready) == (ssize_t)ready, "write");
            ready = 0;
        }
        if (quote) inside = 0, p++;
    }
}

static void answer(void) {
    char text[256];
    long left = -1;
    do {
        line(text, sizeof text);
        if (!strncasecmp(text, "content-length:", 15)) left = atol(text + 15);
    } while (*text);
    for (int chunked = left < 0; chunked || left > 0;) {
        if (chunked && left <= 0) {
            line(text, sizeof text);
            if (!*text) continue;  // the end of the chunk before
            if (!(left = strtol(text, NULL, 16))) { line(text, sizeof text); return; }
        }
        if (at == end) receive();
        long n = end - at < left ? end - at : left;
        body(at, at + n);
        at += n, left -= n;
    }
}

int main(int count, char **given) {
    must(count >= 6, "PORT WAY PHOTO FILE TIMES");
    for (int i = 0; i < 64; i++) value[(unsigned char)ALPHABET[i]] = i;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(given[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    must((connection = socket(AF_INET, SOCK_STREAM, 0)) >= 0 && !connect(connection, (void *)&to, sizeof to), "connect");
    int photo = open(given[3], O_RDONLY);
    struct stat about;
    must(photo >= 0 && !fstat(photo, &about), "photo");
    const char *part = "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.jpg\"\r\n\r\n", *tail = "\r\n--b--\r\n";
    struct timespec began, ended;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
    for (int i = 0; i < atoi(given[5]); i++) {
        char head[512];
        int n = sprintf(head, "POST /%s/v1/images/edits HTTP/1.1\r\nHost: here\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            "Content-Length: %zu\r\n\r\n%s", given[2], strlen(part) + about.st_size + strlen(tail), part);
        must(send(connection, head, n, MSG_MORE) == n, "send");
        for (off_t sent = 0; sent < about.st_size;) must(sendfile(connection, photo, &sent, about.st_size - sent) > 0, "sendfile");
        must(send(connection, tail, strlen(tail), 0) > 0, "send");
        must((file = open(given[4], O_WRONLY | O_CREAT | O_TRUNC, 0600)) >= 0, given[4]);
        at = end = in;
        answer();
        close(file);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
    printf("%.6f\n", ((ended.tv_sec - began.tv_sec) + (ended.tv_nsec - began.tv_nsec) / 1e9) / atoi(given[5]));
}
