// A partition. Mirrors the WHV_PARTITION_HANDLE calls of winhvplatform.h.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// A partition of the platform. Thread-safe. It is deleted when it and everything that came from it are disposed.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed unsafe class WhpVm : SafeHandle
{
    private WhpVm(nint handle) : base(0, ownsHandle: true) => SetHandle(handle);

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Makes a partition that has no properties yet.</summary>
    /// <exception cref="DllNotFoundException">The platform is not installed.</exception>
    /// <exception cref="WhpException">The platform refused.</exception>
    public static WhpVm Create()
    {
        WhpException.ThrowIfFailed(WhpNative.CreatePartition(out nint partition), "WHvCreatePartition");
        return new WhpVm(partition);
    }

    /// <summary>Sets a property. Before <see cref="SetUp"/>.</summary>
    /// <exception cref="WhpException">The platform refused.</exception>
    public void SetProperty<T>(WhpProperty property, T value) where T : unmanaged =>
        WhpException.ThrowIfFailed(WhpNative.SetPartitionProperty(this, property, &value, (uint)sizeof(T)), $"WHvSetPartitionProperty of {property} to {value}");

    /// <summary>Sets the partition up with the properties it has: from now on it can have memory and VPs.</summary>
    /// <exception cref="WhpException">The platform refused.</exception>
    public void SetUp() => WhpException.ThrowIfFailed(WhpNative.SetupPartition(this), "WHvSetupPartition");

    /// <summary>Gives the guest memory of this process.</summary>
    /// <param name="source">Where it is mapped here, at a page boundary; it must stay so while the guest has it.</param>
    /// <param name="gpa">The guest physical address.</param>
    /// <param name="size">Bytes: whole pages.</param>
    /// <param name="mapping">What the guest may do.</param>
    /// <exception cref="WhpException">The platform refused.</exception>
    public void Map(nint source, ulong gpa, ulong size, WhpMapping mapping = WhpMapping.Read | WhpMapping.Write | WhpMapping.Execute) =>
        WhpException.ThrowIfFailed(WhpNative.MapGpaRange(this, source, gpa, size, mapping), $"WHvMapGpaRange of 0x{size:x} bytes at 0x{gpa:x}");

    /// <summary>Takes memory back.</summary>
    /// <param name="gpa">The guest physical address.</param>
    /// <param name="size">Bytes: whole pages.</param>
    /// <exception cref="WhpException">The platform refused.</exception>
    public void Unmap(ulong gpa, ulong size) =>
        WhpException.ThrowIfFailed(WhpNative.UnmapGpaRange(this, gpa, size), $"WHvUnmapGpaRange of 0x{size:x} bytes at 0x{gpa:x}");

    /// <summary>Makes a VP.</summary>
    /// <exception cref="WhpException">The platform refused.</exception>
    public WhpVp CreateVp(int index)
    {
        using var held = new Held(this);
        WhpException.ThrowIfFailed(WhpNative.CreateVirtualProcessor(this, (uint)index, 0), $"WHvCreateVirtualProcessor of VP {index}");
        return new WhpVp(this, index);
    }

    /// <summary>Writes a message into the slot of a VP's SINT, and interrupts the VP.</summary>
    /// <param name="vp">The VP.</param>
    /// <param name="sint">The SINT.</param>
    /// <param name="message">The message with its header: 256 bytes.</param>
    /// <returns><see cref="WhpResult.ObjectInUse"/> while the slot is full, and whatever else the platform says.</returns>
    public WhpResult PostMessage(uint vp, byte sint, ReadOnlySpan<byte> message)
    {
        fixed (byte* bytes = message)
            return (WhpResult)WhpNative.PostMessage(this, vp, sint, bytes, (uint)message.Length);
    }

    /// <summary>Sets an event flag, and interrupts the VP when it was clear.</summary>
    /// <param name="target">The flag.</param>
    /// <param name="wasClear">Whether it was clear.</param>
    public WhpResult SignalEvent(WhpSynicEvent target, out bool wasClear)
    {
        int result = WhpNative.SignalEvent(this, target, out int newlySignaled);
        wasClear = newlySignaled != 0;
        return (WhpResult)result;
    }

    /// <summary>Has the guest's signals of a connection set an event.</summary>
    /// <param name="connectionId">The connection.</param>
    /// <param name="signalled">A Windows event, which must stay open as long as the port.</param>
    /// <returns>The port; <see langword="null"/> when this build of Windows has no notification ports.</returns>
    /// <exception cref="WhpException">The platform refused.</exception>
    public WhpPort? TryCreatePort(uint connectionId, SafeHandle signalled)
    {
        using var held = new Held(this);
        var parameters = new WhpPortParameters { NotificationPortType = WhpPortParameters.EventType, ConnectionId = connectionId };
        nint port;
        try
        {
            int result = WhpNative.CreateNotificationPort(this, in parameters, signalled, out port);
            if (result == (int)WhpResult.ProcedureNotFound)
                return null;
            WhpException.ThrowIfFailed(result, $"WHvCreateNotificationPort of connection {connectionId}");
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
        return new WhpPort(this, port);
    }

    /// <summary>Makes an event that sets an event flag of a VP whenever it is set itself.</summary>
    /// <returns>The trigger; <see langword="null"/> when this build of Windows has none.</returns>
    /// <exception cref="WhpException">The platform refused.</exception>
    public WhpTrigger? TryCreateTrigger(WhpSynicEvent target)
    {
        using var held = new Held(this);
        WhpTriggerParameters parameters = WhpTrigger.Of(target);
        nint trigger, setOff;
        try
        {
            int result = WhpNative.CreateTrigger(this, in parameters, out trigger, out setOff);
            if (result == (int)WhpResult.ProcedureNotFound)
                return null;
            WhpException.ThrowIfFailed(result, $"WHvCreateTrigger of flag {target.FlagNumber} of VP {target.VpIndex}");
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
        return new WhpTrigger(this, trigger, setOff);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => WhpNative.DeletePartition(handle) >= 0;

    // From before a part is made until the part holds the partition itself: a dispose in between would leave the part without an owner.
    private readonly ref struct Held
    {
        private readonly WhpVm _vm;

        public Held(WhpVm vm)
        {
            _vm = vm;
            bool isHeld = false;
            vm.DangerousAddRef(ref isHeld);
        }

        public void Dispose() => _vm.DangerousRelease();
    }
}
