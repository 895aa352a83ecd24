// One virtual machine: its memory, its interrupt lines, its VPs. Mirrors the VM ioctls of Documentation/virt/kvm/api.rst.

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>A virtual machine. Thread-safe. Disposed after its VPs; the kernel ends it with its last descriptor.</summary>
[SupportedOSPlatform("linux")]
internal sealed class KvmVm : KvmHandle
{
    private const int RouteSize = 48;
    private readonly int _runSize;

    internal KvmVm(int descriptor, int runSize) : base(descriptor) => _runSize = runSize;

    /// <summary>Makes a VP.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public KvmVp CreateVp(int id)
    {
        int descriptor = Control(KvmRequest.CreateVp, id, $"KVM_CREATE_VCPU of {id}");
        return new KvmVp(descriptor, _runSize);
    }

    /// <summary>Gives the guest memory, moves it, or takes it away.</summary>
    /// <param name="region">Which memory, and where. It must stay mapped while the guest has it.</param>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void SetMemory(KvmMemoryRegion region) =>
        Control(KvmRequest.SetMemoryRegion, ref region, $"KVM_SET_USER_MEMORY_REGION of {region.Length} bytes at 0x{region.GuestAddress:x}");

    /// <summary>Gives the kernel the pages below 4 GiB that processors of some makes need. To be called before the first VP is made.</summary>
    /// <param name="identityMap">Where one page goes that no memory and no device uses.</param>
    /// <param name="taskState">Where three such pages go.</param>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void SetReservedPages(ulong identityMap, ulong taskState)
    {
        Control(KvmRequest.SetIdentityMapAddress, ref identityMap, "KVM_SET_IDENTITY_MAP_ADDR");
        Control(KvmRequest.SetTssAddress, (nint)taskState, "KVM_SET_TSS_ADDR");
    }

    /// <summary>Makes the interrupt controllers in the kernel: two 8259, an I/O APIC, and a local APIC for each VP to come.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void CreateIrqChip() => Control(KvmRequest.CreateIrqChip, 0, "KVM_CREATE_IRQCHIP");

    /// <summary>Makes the interval timer (8254) in the kernel.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void CreatePit()
    {
        // The speaker's port is answered in the kernel as well: Linux calibrates its clocks by it.
        var config = new KvmPitConfig { Flags = 1 };
        Control(KvmRequest.CreatePit, ref config, "KVM_CREATE_PIT2");
    }

    /// <summary>Raises or lowers an interrupt line.</summary>
    /// <param name="line">The line: a GSI.</param>
    /// <param name="isRaised">Whether it is raised.</param>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void SetLine(uint line, bool isRaised)
    {
        var level = new KvmIrqLevel { Line = line, Level = isRaised ? 1u : 0 };
        Control(KvmRequest.SetIrqLine, ref level, $"KVM_IRQ_LINE of {line}");
    }

    /// <summary>Says where every interrupt line leads. What was said before is forgotten.</summary>
    /// <exception cref="ErrnoException">The kernel refused: a SINT of a VP without a SynIC, for one.</exception>
    public void SetRoutes(ReadOnlySpan<KvmIrqRoute> routes)
    {
        var table = new byte[8 + routes.Length * RouteSize];
        BinaryPrimitives.WriteInt32LittleEndian(table, routes.Length);
        MemoryMarshal.AsBytes(routes).CopyTo(table.AsSpan(8));
        Control(KvmRequest.SetIrqRoutes, table, $"KVM_SET_GSI_ROUTING of {routes.Length} lines");
    }

    /// <summary>Has an eventfd raise an interrupt line.</summary>
    /// <param name="line">The line: a GSI.</param>
    /// <param name="raise">Signalled to raise it.</param>
    /// <param name="acknowledged">
    /// Signalled when the guest has acknowledged, which lowers the line; <see langword="null"/> for a line that is raised for a moment.
    /// </param>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void ConnectLine(uint line, EventFd raise, EventFd? acknowledged)
    {
        ArgumentNullException.ThrowIfNull(raise);
        var argument = new KvmIrqFd { Descriptor = raise.Descriptor, Gsi = line, Flags = acknowledged is null ? 0u : 2, ResampleDescriptor = acknowledged?.Descriptor ?? 0 };
        Control(KvmRequest.AssignIrqFd, ref argument, $"KVM_IRQFD of line {line}");
        GC.KeepAlive(raise);
        GC.KeepAlive(acknowledged);
    }

    /// <summary>Ends what <see cref="ConnectLine"/> began.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void DisconnectLine(uint line, EventFd raise)
    {
        ArgumentNullException.ThrowIfNull(raise);
        var argument = new KvmIrqFd { Descriptor = raise.Descriptor, Gsi = line, Flags = 1 };
        Control(KvmRequest.AssignIrqFd, ref argument, $"KVM_IRQFD of line {line}");
        GC.KeepAlive(raise);
    }

    /// <summary>Has the kernel turn a guest's <c>HvCallSignalEvent</c> of a connection into an eventfd, without a way out of the kernel.</summary>
    /// <param name="connectionId">The connection. Only flag 0 of it is taken; other flags come as hypercalls.</param>
    /// <param name="signal">The eventfd.</param>
    /// <exception cref="ErrnoException">The kernel refused: <see cref="Errno.AlreadyExists"/> when the connection is taken.</exception>
    public void ConnectEvent(uint connectionId, EventFd signal)
    {
        ArgumentNullException.ThrowIfNull(signal);
        var argument = new KvmHypervEventFd { ConnectionId = connectionId, Descriptor = signal.Descriptor };
        Control(KvmRequest.AssignHypervEventFd, ref argument, $"KVM_HYPERV_EVENTFD of connection {connectionId}");
        GC.KeepAlive(signal);
    }

    /// <summary>Ends what <see cref="ConnectEvent"/> began.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void DisconnectEvent(uint connectionId)
    {
        var argument = new KvmHypervEventFd { ConnectionId = connectionId, Descriptor = -1, Flags = 1 };
        Control(KvmRequest.AssignHypervEventFd, ref argument, $"KVM_HYPERV_EVENTFD of connection {connectionId}");
    }
}
