/* The same as a WASI command: it adds up every byte of its standard input. */
typedef unsigned int u32;
#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) extern
IMPORT(fd_read) u32 fd_read(u32 file, u32 vectors, u32 count, u32 read);
IMPORT(proc_exit) void proc_exit(u32 code);

static unsigned char room[64 << 10];

__attribute__((export_name("_start"))) void start(void) {
	u32 vector[2] = {(u32)room, sizeof room}, size = 0, total = 0;
	fd_read(0, (u32)vector, 1, (u32)&size);
	for (u32 i = 0; i < size; i++) total = total * 31 + room[i];
	proc_exit(total == 1 ? 75 : 0);
}
