// SPDX-License-Identifier: GPL-2.0
/*
 * vmbus_signal - the choice between a VMBus channel's two ways to signal
 *
 * A guest tells its host to look at a channel either by a bit in the monitor
 * page, which the hypervisor looks at every now and then, or by a hypercall
 * at once. The kernel uses the monitor wherever a channel has one, unless
 * the channel is marked low_latency; but nothing in the kernel marks any, and
 * a program that drives a channel through UIO cannot make the hypercall at
 * all. /dev/vmbus/signal offers both to programs.
 *
 * A descriptor is bound to one channel, once. What it may do is settled then:
 *  - opened for reading only, it tells the channel's state and its end;
 *  - bound with a descriptor of the device's own /dev/uioN, it may signal the
 *    channel and mark it for as long as it is open. Who can write to that
 *    file signals the host already, where the channel has no monitor;
 *  - bound with CAP_SYS_ADMIN, it may do so with any channel of any driver,
 *    and leave the mark behind.
 *
 * Lifetimes. A descriptor is bound under the lock of a device that has a
 * driver, and the driver cannot go without BUS_NOTIFY_UNBIND_DRIVER under
 * the same lock, which ends the descriptor. Until then it holds the device,
 * which holds its primary channel, which holds the set of its channels.
 * References to subchannels are taken for the time of one call only: one
 * that is kept would keep the name of a channel that is gone from a new one.
 * So their end is noticed by looking: at each call, and every second.
 *
 * Locks, outermost first: the device's, vs_lock, the descriptor's.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hyperv.h>
#include <linux/kobject.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "vmbus_signal.h"

/*
 * One descriptor. Everything but the wait queue is written under @lock, and
 * under vs_lock as well where it concerns the channel or its mark.
 */
struct vs_file {
	struct mutex lock;	/* the descriptor and its channel */
	struct list_head node;	/* in vs_files while bound */
	wait_queue_head_t wait;
	struct hv_device *device;	/* NULL before and after */
	struct vmbus_channel *channel;	/* to compare with only */
	u32 relid;		/* 0 for the primary channel */
	bool ended;
	bool admin;
	bool may_signal;
	bool holds;
	u64 signals;
	u64 refused;
};

/* A channel that was marked here. It is undone before the driver goes. */
struct vs_mark {
	struct list_head node;
	struct hv_device *device;
	struct vmbus_channel *channel;	/* to compare with only */
	u32 relid;
	unsigned int holders;
	bool kept;
	bool before;
};

static DEFINE_MUTEX(vs_lock);	/* both lists, and every mark */
static LIST_HEAD(vs_files);
static LIST_HEAD(vs_marks);

static unsigned int needless_per_second = 1000;
module_param(needless_per_second, uint, 0444);
MODULE_PARM_DESC(needless_per_second,
		 "Signals a second that may find the host nothing to do (1000)");

/*
 * A host slows down a guest that signals without need. The whole guest is
 * meant, so this is for all descriptors together.
 */
static struct ratelimit_state vs_needless;

static void vs_watch(struct work_struct *work);
static DECLARE_DELAYED_WORK(vs_watch_work, vs_watch);

/*
 * The channel of a device that has, or had when it was bound, a driver; with
 * a reference. The device must be held. A kobject is in sysfs only after it
 * has joined its set, and leaves it when it is released.
 */
static struct vmbus_channel *vs_channel_get(struct hv_device *device, u32 relid)
{
	struct vmbus_channel *primary = device->channel;
	struct kobject *kobj;
	char name[12];

	if (!primary->kobj.state_in_sysfs)
		return NULL;
	if (!relid) {
		kobject_get(&primary->kobj);
		return primary;
	}
	snprintf(name, sizeof(name), "%u", relid);
	kobj = kset_find_obj(primary->kobj.kset, name);
	return kobj ? container_of(kobj, struct vmbus_channel, kobj) : NULL;
}

static void vs_channel_put(struct vmbus_channel *channel)
{
	kobject_put(&channel->kobj);
}

/* The descriptor's channel, with a reference, or why there is none. */
static struct vmbus_channel *vs_file_channel(struct vs_file *file)
{
	struct vmbus_channel *channel;

	lockdep_assert_held(&file->lock);
	if (!file->device)
		return ERR_PTR(file->ended ? -ENODEV : -EBADFD);
	channel = vs_channel_get(file->device, file->relid);
	if (!channel)
		return ERR_PTR(-ENODEV);
	if (channel == file->channel && !READ_ONCE(channel->rescind))
		return channel;
	vs_channel_put(channel);
	return ERR_PTR(-ENODEV);
}

static struct vs_mark *vs_mark_find(struct hv_device *device,
				    struct vmbus_channel *channel, u32 relid)
{
	struct vs_mark *mark;

	lockdep_assert_held(&vs_lock);
	list_for_each_entry(mark, &vs_marks, node) {
		if (mark->device == device && mark->channel == channel &&
		    mark->relid == relid)
			return mark;
	}
	return NULL;
}

/*
 * Brings the channel's flag up to date, and forgets the mark if no
 * descriptor wishes it any more. A mark whose channel is gone has nothing to
 * undo.
 */
static void vs_mark_settle(struct vs_mark *mark)
{
	bool wished = mark->kept || mark->holders;
	struct vmbus_channel *channel;

	lockdep_assert_held(&vs_lock);
	channel = vs_channel_get(mark->device, mark->relid);
	if (channel) {
		/* The flag is read at each signal; nothing hangs on when. */
		if (channel == mark->channel)
			WRITE_ONCE(channel->low_latency, wished || mark->before);
		else
			wished = false;
		vs_channel_put(channel);
	} else {
		wished = false;
	}
	if (!wished) {
		list_del(&mark->node);
		kfree(mark);
	}
}

static void vs_mark_undo(struct vs_mark *mark)
{
	mark->kept = false;
	mark->holders = 0;
	vs_mark_settle(mark);
}

static void vs_file_let_go(struct vs_file *file)
{
	struct vs_mark *mark;

	if (!file->holds)
		return;
	file->holds = false;
	mark = vs_mark_find(file->device, file->channel, file->relid);
	if (mark) {
		mark->holders--;
		vs_mark_settle(mark);
	}
}

/* Ends a bound descriptor: whatever the reason, it stays so. */
static void vs_file_end(struct vs_file *file)
{
	struct hv_device *device;

	lockdep_assert_held(&vs_lock);
	mutex_lock(&file->lock);
	vs_file_let_go(file);
	list_del_init(&file->node);
	device = file->device;
	file->channel = NULL;
	WRITE_ONCE(file->ended, true);
	WRITE_ONCE(file->device, NULL);
	mutex_unlock(&file->lock);
	put_device(&device->device);
	wake_up_interruptible_poll(&file->wait, EPOLLHUP);
}

/* What no notification tells of: the end of subchannels and of sockets. */
static void vs_watch(struct work_struct *work)
{
	struct vmbus_channel *channel;
	struct vs_file *file, *next;

	mutex_lock(&vs_lock);
	list_for_each_entry_safe(file, next, &vs_files, node) {
		mutex_lock(&file->lock);
		channel = vs_file_channel(file);
		mutex_unlock(&file->lock);
		if (IS_ERR(channel))
			vs_file_end(file);
		else
			vs_channel_put(channel);
	}
	if (!list_empty(&vs_files))
		schedule_delayed_work(&vs_watch_work, HZ);
	mutex_unlock(&vs_lock);
}

static int vs_bus_event(struct notifier_block *block, unsigned long action,
			void *data)
{
	struct device *dev = data;
	struct vs_file *file, *next_file;
	struct vs_mark *mark, *next_mark;

	if (action != BUS_NOTIFY_UNBIND_DRIVER)
		return NOTIFY_DONE;

	mutex_lock(&vs_lock);
	list_for_each_entry_safe(file, next_file, &vs_files, node) {
		if (&file->device->device == dev)
			vs_file_end(file);
	}
	list_for_each_entry_safe(mark, next_mark, &vs_marks, node) {
		if (&mark->device->device == dev)
			vs_mark_undo(mark);
	}
	mutex_unlock(&vs_lock);
	return NOTIFY_OK;
}

static struct notifier_block vs_bus_block = {
	.notifier_call = vs_bus_event,
};

/*
 * The module drives no device. It registers a driver because that is how a
 * module gets to know the bus.
 */
static int vs_probe(struct hv_device *device,
		    const struct hv_vmbus_device_id *id)
{
	return -ENODEV;
}

static struct hv_driver vs_driver = {
	.name = KBUILD_MODNAME,
	.probe = vs_probe,
	.driver = {
		.suppress_bind_attrs = true,
	},
};

static int vs_is_instance(struct device *dev, const void *data)
{
	return guid_equal(&device_to_hv_device(dev)->dev_instance, data);
}

static int vs_is_uio(struct device *dev, void *data)
{
	const dev_t *number = data;

	return dev->devt == *number && dev->class &&
	       !strcmp(dev->class->name, "uio");
}

/*
 * Whether the caller can write to the device's /dev/uioN. The file is not
 * kept: it would keep the channel open.
 *
 * One of a device that is gone, whose number is this one's now, is taken for
 * it. What it gives access to is bounded: signals, which the host can take.
 */
static int vs_check_uio(struct device *dev, int fd)
{
	struct file *file = fget(fd);
	struct inode *inode;
	int ret = -EACCES;
	dev_t number;

	if (!file)
		return -EBADF;
	inode = file_inode(file);
	number = inode->i_rdev;
	if (S_ISCHR(inode->i_mode) && (file->f_mode & FMODE_WRITE) &&
	    device_for_each_child(dev, &number, vs_is_uio))
		ret = 0;
	fput(file);
	return ret;
}

static int vs_attach(struct vs_file *file, struct hv_device *device, u32 relid,
		     bool writes, bool admin)
{
	struct vmbus_channel *channel;
	int ret = 0;

	device_lock_assert(&device->device);
	channel = vs_channel_get(device, relid);
	if (!channel)
		return -ENOENT;
	if (READ_ONCE(channel->rescind)) {
		vs_channel_put(channel);
		return -ENOENT;
	}

	mutex_lock(&vs_lock);
	mutex_lock(&file->lock);
	if (file->device || file->ended) {
		ret = -EBUSY;
	} else {
		file->channel = channel;
		file->relid = channel == device->channel ? 0 : relid;
		file->may_signal = writes;
		file->admin = writes && admin;
		WRITE_ONCE(file->device, device);
		if (list_empty(&vs_files))
			schedule_delayed_work(&vs_watch_work, HZ);
		list_add_tail(&file->node, &vs_files);
	}
	mutex_unlock(&file->lock);
	mutex_unlock(&vs_lock);
	vs_channel_put(channel);
	return ret;
}

static int vs_bind(struct vs_file *file, bool writes, void __user *arg)
{
	struct vmbus_signal_bind bind;
	struct device *dev;
	guid_t instance;
	bool admin;
	int ret;

	if (READ_ONCE(file->device) || READ_ONCE(file->ended))
		return -EBUSY;
	if (copy_from_user(&bind, arg, sizeof(bind)))
		return -EFAULT;
	if (bind.flags || memchr_inv(bind.reserved, 0, sizeof(bind.reserved)))
		return -EINVAL;
	if (bind.uio_fd < -1 || (bind.uio_fd != -1 && !writes))
		return -EINVAL;
	/* Without a file to show for it, it takes the right to all. */
	admin = writes && bind.uio_fd == -1;
	if (admin && !capable(CAP_SYS_ADMIN))
		return -EPERM;

	import_guid(&instance, bind.instance);
	dev = bus_find_device(vs_driver.driver.bus, NULL, &instance,
			      vs_is_instance);
	if (!dev)
		return -ENOENT;
	ret = device_lock_interruptible(dev);
	if (ret)
		goto put;
	if (!dev->driver)
		ret = -ENXIO;
	else if (bind.uio_fd != -1)
		ret = vs_check_uio(dev, bind.uio_fd);
	if (!ret)
		ret = vs_attach(file, device_to_hv_device(dev), bind.relid,
				writes, admin);
	device_unlock(dev);
	/* The reference is the descriptor's now. */
	if (!ret)
		return 0;
put:
	put_device(dev);
	return ret;
}

/*
 * Whether the host has something to do when it looks now: packets that it
 * waits for, or room that it waits for. The rings come and go as the driver
 * opens and closes the channel; their mutexes are there all the while.
 */
static bool vs_is_needed(struct vmbus_channel *channel)
{
	struct hv_ring_buffer *ring;
	bool needed = false;

	/* What the caller has written is there before the mask is read. */
	virt_mb();

	mutex_lock(&channel->outbound.ring_buffer_mutex);
	ring = channel->outbound.ring_buffer;
	if (ring)
		needed = !READ_ONCE(ring->interrupt_mask) &&
			 READ_ONCE(ring->read_index) != READ_ONCE(ring->write_index);
	mutex_unlock(&channel->outbound.ring_buffer_mutex);
	if (needed)
		return true;

	mutex_lock(&channel->inbound.ring_buffer_mutex);
	ring = channel->inbound.ring_buffer;
	if (ring)
		needed = READ_ONCE(ring->pending_send_sz);
	mutex_unlock(&channel->inbound.ring_buffer_mutex);
	return needed;
}

static int vs_signal(struct vs_file *file)
{
	struct vmbus_channel *channel;
	int ret = 0;

	mutex_lock(&file->lock);
	channel = vs_file_channel(file);
	if (IS_ERR(channel)) {
		ret = PTR_ERR(channel);
		goto unlock;
	}
	if (!file->may_signal) {
		ret = -EBADF;
	} else if (READ_ONCE(channel->state) != CHANNEL_OPENED_STATE) {
		ret = -ENOTCONN;
	} else if (!vs_is_needed(channel) && !__ratelimit(&vs_needless)) {
		file->refused++;
		ret = -EAGAIN;
	} else {
		vmbus_set_event(channel);
		file->signals++;
	}
	vs_channel_put(channel);
unlock:
	mutex_unlock(&file->lock);
	return ret;
}

static int vs_mark_channel(struct vs_file *file, struct vmbus_channel *channel,
			   const struct vmbus_signal_low_latency *wish)
{
	struct vs_mark *mark;

	mark = vs_mark_find(file->device, channel, file->relid);
	if (!mark) {
		const struct vs_mark first = {
			.device = file->device,
			.channel = channel,
			.relid = file->relid,
			.before = READ_ONCE(channel->low_latency),
		};

		if (!wish->enable)
			return 0;
		mark = kmemdup(&first, sizeof(first), GFP_KERNEL);
		if (!mark)
			return -ENOMEM;
		list_add_tail(&mark->node, &vs_marks);
	}

	if (wish->scope == VMBUS_SIGNAL_SCOPE_KEPT) {
		mark->kept = wish->enable;
	} else if (file->holds != !!wish->enable) {
		file->holds = wish->enable;
		if (wish->enable)
			mark->holders++;
		else
			mark->holders--;
	}
	vs_mark_settle(mark);
	return 0;
}

static int vs_set_low_latency(struct vs_file *file, void __user *arg)
{
	struct vmbus_signal_low_latency wish;
	struct vmbus_channel *channel;
	int ret;

	if (copy_from_user(&wish, arg, sizeof(wish)))
		return -EFAULT;
	if (wish.enable > 1 || wish.scope > VMBUS_SIGNAL_SCOPE_KEPT ||
	    memchr_inv(wish.reserved, 0, sizeof(wish.reserved)))
		return -EINVAL;

	mutex_lock(&vs_lock);
	mutex_lock(&file->lock);
	channel = vs_file_channel(file);
	if (IS_ERR(channel)) {
		ret = PTR_ERR(channel);
		goto unlock;
	}
	if (!file->may_signal)
		ret = -EBADF;
	else if (wish.scope == VMBUS_SIGNAL_SCOPE_KEPT && !file->admin)
		ret = -EPERM;
	else
		ret = vs_mark_channel(file, channel, &wish);
	vs_channel_put(channel);
unlock:
	mutex_unlock(&file->lock);
	mutex_unlock(&vs_lock);
	return ret;
}

static void vs_describe(struct vs_file *file, struct vmbus_channel *channel,
			struct vmbus_signal_state *state)
{
	const struct vmbus_channel_offer_channel *offer = &channel->offermsg;
	struct hv_device *device = file->device;
	struct vs_mark *mark;

	export_guid(state->instance, &device->dev_instance);
	export_guid(state->type, &device->dev_type);
	state->relid = offer->child_relid;
	state->subchannel = offer->offer.sub_channel_index;
	state->connection_id = channel->sig_event;
	state->target_cpu = READ_ONCE(channel->target_cpu);
	state->monitor_id = VMBUS_SIGNAL_NO_MONITOR;
	state->hypercalls = channel->sig_events;
	state->interrupts = channel->interrupts;
	state->signals = file->signals;
	state->refused = file->refused;

	if (READ_ONCE(channel->state) == CHANNEL_OPENED_STATE)
		state->flags |= VMBUS_SIGNAL_OPEN;
	if (offer->monitor_allocated) {
		state->flags |= VMBUS_SIGNAL_MONITORED;
		state->monitor_id = offer->monitorid;
	}
	if (READ_ONCE(channel->low_latency))
		state->flags |= VMBUS_SIGNAL_LOW_LATENCY;
	if (channel->is_dedicated_interrupt)
		state->flags |= VMBUS_SIGNAL_DEDICATED;
	if (file->relid)
		state->flags |= VMBUS_SIGNAL_SUBCHANNEL;
	/* A driver that is bound stays until this descriptor has ended. */
	if (!strcmp(device->device.driver->name, "uio_hv_generic"))
		state->flags |= VMBUS_SIGNAL_UIO;
	if (file->may_signal)
		state->flags |= VMBUS_SIGNAL_MAY_SIGNAL;
	if (file->admin)
		state->flags |= VMBUS_SIGNAL_MAY_KEEP;
	if (file->holds)
		state->flags |= VMBUS_SIGNAL_HELD;
	mark = vs_mark_find(device, channel, file->relid);
	if (mark) {
		state->holders = mark->holders;
		if (mark->kept)
			state->flags |= VMBUS_SIGNAL_KEPT;
	}
}

static int vs_get_state(struct vs_file *file, void __user *arg)
{
	struct vmbus_signal_state state = {};
	struct vmbus_channel *channel;

	mutex_lock(&vs_lock);
	mutex_lock(&file->lock);
	channel = vs_file_channel(file);
	if (!IS_ERR(channel)) {
		vs_describe(file, channel, &state);
		vs_channel_put(channel);
	}
	mutex_unlock(&file->lock);
	mutex_unlock(&vs_lock);

	if (IS_ERR(channel))
		return PTR_ERR(channel);
	return copy_to_user(arg, &state, sizeof(state)) ? -EFAULT : 0;
}

static long vs_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	bool writes = filp->f_mode & FMODE_WRITE;
	struct vs_file *file = filp->private_data;
	void __user *user = (void __user *)arg;
	long ret;

	switch (cmd) {
	case VMBUS_SIGNAL_IOC_VERSION:
		return put_user(VMBUS_SIGNAL_VERSION, (__u32 __user *)user);
	case VMBUS_SIGNAL_IOC_BIND:
		return vs_bind(file, writes, user);
	case VMBUS_SIGNAL_IOC_SIGNAL:
		ret = arg ? -EINVAL : vs_signal(file);
		break;
	case VMBUS_SIGNAL_IOC_SET_LOW_LATENCY:
		ret = vs_set_low_latency(file, user);
		break;
	case VMBUS_SIGNAL_IOC_GET_STATE:
		ret = vs_get_state(file, user);
		break;
	default:
		return -ENOTTY;
	}

	/* What was found gone is told to those who wait, too. */
	if (ret == -ENODEV) {
		mutex_lock(&vs_lock);
		if (file->device)
			vs_file_end(file);
		mutex_unlock(&vs_lock);
	}
	return ret;
}

static __poll_t vs_poll(struct file *filp, poll_table *table)
{
	struct vs_file *file = filp->private_data;

	poll_wait(filp, &file->wait, table);
	if (READ_ONCE(file->ended))
		return EPOLLHUP;
	return READ_ONCE(file->device) ? 0 : EPOLLERR;
}

static int vs_open(struct inode *inode, struct file *filp)
{
	struct vs_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	mutex_init(&file->lock);
	INIT_LIST_HEAD(&file->node);
	init_waitqueue_head(&file->wait);
	filp->private_data = file;
	return nonseekable_open(inode, filp);
}

static int vs_release(struct inode *inode, struct file *filp)
{
	struct vs_file *file = filp->private_data;

	mutex_lock(&vs_lock);
	if (file->device)
		vs_file_end(file);
	mutex_unlock(&vs_lock);
	mutex_destroy(&file->lock);
	kfree(file);
	return 0;
}

static const struct file_operations vs_operations = {
	.owner = THIS_MODULE,
	.open = vs_open,
	.release = vs_release,
	.unlocked_ioctl = vs_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = vs_poll,
};

static struct miscdevice vs_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.nodename = "vmbus/signal",
	.mode = 0600,
	.fops = &vs_operations,
};

static int __init vs_init(void)
{
	int ret;

	BUILD_BUG_ON(sizeof(struct vmbus_signal_bind) != 48);
	BUILD_BUG_ON(sizeof(struct vmbus_signal_low_latency) != 16);
	BUILD_BUG_ON(sizeof(struct vmbus_signal_state) != 128);

	ratelimit_state_init(&vs_needless, HZ,
			     min_t(unsigned int, needless_per_second, INT_MAX));
	ratelimit_set_flags(&vs_needless, RATELIMIT_MSG_ON_RELEASE);

	ret = vmbus_driver_register(&vs_driver);
	if (ret)
		return ret;
	ret = bus_register_notifier(vs_driver.driver.bus, &vs_bus_block);
	if (ret)
		goto unregister_driver;
	ret = misc_register(&vs_misc);
	if (ret)
		goto unregister_notifier;
	return 0;

unregister_notifier:
	bus_unregister_notifier(vs_driver.driver.bus, &vs_bus_block);
unregister_driver:
	vmbus_driver_unregister(&vs_driver);
	return ret;
}

static void __exit vs_exit(void)
{
	struct vs_mark *mark, *next;

	/* No descriptor is open: each holds the module. Marks may be kept. */
	misc_deregister(&vs_misc);
	cancel_delayed_work_sync(&vs_watch_work);
	mutex_lock(&vs_lock);
	list_for_each_entry_safe(mark, next, &vs_marks, node)
		vs_mark_undo(mark);
	mutex_unlock(&vs_lock);
	bus_unregister_notifier(vs_driver.driver.bus, &vs_bus_block);
	vmbus_driver_unregister(&vs_driver);
}

module_init(vs_init);
module_exit(vs_exit);

MODULE_DESCRIPTION("Low latency signals on VMBus channels");
MODULE_AUTHOR("VmBus for .NET");
MODULE_LICENSE("GPL");
MODULE_VERSION("1");
