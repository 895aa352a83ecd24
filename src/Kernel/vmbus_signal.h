/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The interface of /dev/vmbus/signal: see vmbus_signal.4 beside this file.
 *
 * Every structure has the same layout for 32 and 64 bit programs. What is
 * reserved, or a flag without a name here, must be zero.
 */
#ifndef _VMBUS_SIGNAL_H
#define _VMBUS_SIGNAL_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* What VMBUS_SIGNAL_IOC_VERSION answers. */
#define VMBUS_SIGNAL_VERSION	1

/**
 * struct vmbus_signal_bind - the channel that a descriptor is for
 * @instance: the device's instance GUID, its bytes as the bus has them (the
 *	first three fields little-endian)
 * @relid: the name of the channel's folder in the device's "channels" of
 *	sysfs, or 0 for the primary channel
 * @uio_fd: an open, writable descriptor of the device's /dev/uioN, or -1
 * @flags: 0
 * @reserved: 0
 */
struct vmbus_signal_bind {
	__u8	instance[16];
	__u32	relid;
	__s32	uio_fd;
	__u32	flags;
	__u32	reserved[5];
};

/* Until the descriptor is closed, or says otherwise. */
#define VMBUS_SIGNAL_SCOPE_DESCRIPTOR	0
/* Until someone says otherwise, the driver lets go or the module goes. */
#define VMBUS_SIGNAL_SCOPE_KEPT		1

/**
 * struct vmbus_signal_low_latency - how the kernel signals a channel
 * @enable: 1 to have the flag set, 0 to no longer have it so
 * @scope: VMBUS_SIGNAL_SCOPE_*: whose wish this is, and how long it holds
 * @reserved: 0
 *
 * The flag is set for as long as anyone wishes it.
 */
struct vmbus_signal_low_latency {
	__u32	enable;
	__u32	scope;
	__u32	reserved[2];
};

/* The channel is open. */
#define VMBUS_SIGNAL_OPEN		0x0001
/* It has a monitor: without the flag the kernel signals by it. */
#define VMBUS_SIGNAL_MONITORED		0x0002
/* The flag low_latency, as the kernel has it now. */
#define VMBUS_SIGNAL_LOW_LATENCY	0x0004
/* This descriptor wishes it set. */
#define VMBUS_SIGNAL_HELD		0x0008
/* It is kept set (VMBUS_SIGNAL_SCOPE_KEPT). */
#define VMBUS_SIGNAL_KEPT		0x0010
/* Signals need no bit in the interrupt page. */
#define VMBUS_SIGNAL_DEDICATED		0x0020
/* Not the primary channel of its device. */
#define VMBUS_SIGNAL_SUBCHANNEL		0x0040
/* The device's driver is uio_hv_generic. */
#define VMBUS_SIGNAL_UIO		0x0080
/* This descriptor may signal, and set the flag until it is closed. */
#define VMBUS_SIGNAL_MAY_SIGNAL		0x0100
/* This descriptor may have the flag kept. */
#define VMBUS_SIGNAL_MAY_KEEP		0x0200

#define VMBUS_SIGNAL_NO_MONITOR		0xffffffffU

/**
 * struct vmbus_signal_state - a channel as it is now
 * @instance: the device's instance GUID
 * @type: the device's class GUID
 * @flags: VMBUS_SIGNAL_OPEN and so on
 * @relid: the channel's relid
 * @subchannel: its index among the device's channels, 0 for the primary
 * @monitor_id: its monitor, or VMBUS_SIGNAL_NO_MONITOR
 * @connection_id: what the hypercall names
 * @target_cpu: the CPU that the host interrupts
 * @holders: descriptors that wish the flag set
 * @reserved0: 0
 * @hypercalls: signals by hypercall of everyone, the kernel's drivers too
 * @interrupts: signals from the host
 * @signals: signals of this descriptor
 * @refused: what this descriptor was refused with EAGAIN
 * @reserved: 0
 */
struct vmbus_signal_state {
	__u8	instance[16];
	__u8	type[16];
	__u32	flags;
	__u32	relid;
	__u32	subchannel;
	__u32	monitor_id;
	__u32	connection_id;
	__u32	target_cpu;
	__u32	holders;
	__u32	reserved0;
	__aligned_u64	hypercalls;
	__aligned_u64	interrupts;
	__aligned_u64	signals;
	__aligned_u64	refused;
	__aligned_u64	reserved[4];
};

#define VMBUS_SIGNAL_IOC_MAGIC		0xB9

#define VMBUS_SIGNAL_IOC_VERSION \
	_IOR(VMBUS_SIGNAL_IOC_MAGIC, 0x00, __u32)
#define VMBUS_SIGNAL_IOC_BIND \
	_IOW(VMBUS_SIGNAL_IOC_MAGIC, 0x01, struct vmbus_signal_bind)
#define VMBUS_SIGNAL_IOC_SIGNAL \
	_IO(VMBUS_SIGNAL_IOC_MAGIC, 0x02)
#define VMBUS_SIGNAL_IOC_SET_LOW_LATENCY \
	_IOW(VMBUS_SIGNAL_IOC_MAGIC, 0x03, struct vmbus_signal_low_latency)
#define VMBUS_SIGNAL_IOC_GET_STATE \
	_IOR(VMBUS_SIGNAL_IOC_MAGIC, 0x04, struct vmbus_signal_state)

#endif /* _VMBUS_SIGNAL_H */
