/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers, times and addresses as a person reads them. Each function writes into buf and returns
 * it, so that it can stand in an argument list; an UNKNOWN number becomes "?". The program never
 * leaves the C locale: programs read its outputs too.
 */
#ifndef TCPSTATED_BASIC_FORMAT_H
#define TCPSTATED_BASIC_FORMAT_H

#include <stdint.h>
#include <time.h>

/* Room for any of the short texts below; the longest is "[IPv6 address]:65535". */
#define FORMAT_SIZE 64

/* "1,000,000" */
const char *format_count(char buf[FORMAT_SIZE], uint64_t n);

/* In units of 1024: "512 B", "77.3 KiB", "1.6 MiB", "412 GiB"; at most eight characters. */
const char *format_bytes(char buf[FORMAT_SIZE], uint64_t bytes);

/*
 * "340 ms", "2.3 s", "58 s", "15 min", "7 h", "3 d"; UNKNOWN_U32 is "?".
 */
const char *format_duration(char buf[FORMAT_SIZE], uint32_t ms);

/* "0.8 %"; a negative number, as from usage_percent(), is "?". */
const char *format_percent(char buf[FORMAT_SIZE], double percent);

/*
 * For programs: "412", "0.5", "-3.333"; at most three decimals and no trailing zeros, so that a
 * threshold reads as the operator wrote it. NULL for infinity and NaN.
 */
const char *format_number(char buf[FORMAT_SIZE], double value);

/*
 * "10.0.0.5:3306" or "[2001:db8::1]:443". address is in network byte order, family AF_INET (its
 * first four bytes) or AF_INET6; an IPv4-mapped address is written as IPv4.
 */
const char *format_endpoint(
	char buf[FORMAT_SIZE], int family, const uint8_t address[16], uint16_t port);

/* The same of an address, with the name of a device: "fe80::7%eth1"; "[fe80::7%eth1]:443". "":
 * none. */
#define ENDPOINT_SIZE 96
const char *format_address(
	char buf[ENDPOINT_SIZE], int family, const uint8_t address[16], const char *device);
const char *format_device_endpoint(char buf[ENDPOINT_SIZE], int family, const uint8_t address[16],
	const char *device, uint16_t port);

/* "2026-11-22T09:40:00.123Z" (RFC 3339), or NULL for a time outside the years 0 to 9999. */
const char *format_time(char buf[FORMAT_SIZE], const struct timespec *t);

#endif
