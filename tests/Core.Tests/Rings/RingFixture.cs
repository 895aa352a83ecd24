using System.Runtime.Versioning;
using VmBus.Core.Tests.Channels;
using VmBus.Interop;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>The memory of one ring in a given form, and a direct view of what lies in it.</summary>
internal sealed unsafe class RingFixture : IDisposable
{
    public RingFixture(RingForm form = RingForm.Pinned, int dataSize = 4096)
    {
        if (form == RingForm.Pinned)
        {
            Memory = RingMemory.Allocate(dataSize);
            return;
        }

        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("The mapped forms are memfds.");
        if (form == RingForm.Device)
        {
            Memory = SecondOfTwo(dataSize);
            return;
        }

        using MemfdHandle memory = MemfdHandle.Create("ring-test", MappedRing.ControlSize + dataSize);
        MappedRing ring = form == RingForm.MappedTwice
            ? MappedMemory.MapRing(memory, 0, dataSize)
            : MappedMemory.MapSingleRing(memory, 0, dataSize);
        Memory = RingMemory.FromAddress(ring.ControlAddress, ring.DataAddress, dataSize, ring.IsDataMappedTwice, ring);
    }

    /// <summary>The forms this machine has.</summary>
    public static RingForm[] Forms { get; } = OperatingSystem.IsLinux()
        ? [RingForm.Pinned, RingForm.MappedOnce, RingForm.MappedTwice, RingForm.Device]
        : [RingForm.Pinned];

    /// <summary>A form in the place of one that this machine may not have.</summary>
    public static RingForm Here(RingForm form) => Forms[(int)form % Forms.Length];

    public static TheoryData<RingForm> AllForms { get; } = new(Forms);

    public static TheoryData<RingForm, PeerTrust> AllFormsAndTrusts { get; } = new(
        from form in Forms
        from trust in Enum.GetValues<PeerTrust>()
        select (form, trust));

    public RingMemory Memory { get; }

    /// <summary>The control page, as either side of the ring sees it.</summary>
    public ref RingControlPage Control => ref *Memory.ControlPage;

    /// <summary>The data area, once.</summary>
    public Span<byte> Data => new(Memory.Data, Memory.DataSize);

    /// <summary>Puts both indices at a place, as if as much had gone through the ring before.</summary>
    public RingFixture StandAt(uint index)
    {
        Control.WriteIndex = index;
        Control.ReadIndex = index;
        return this;
    }

    public OutgoingRing Writer(bool multiProducer = false) => new(Memory, new OutgoingRingOptions { MultiProducer = multiProducer });

    public IncomingRing Reader(PeerTrust trust = PeerTrust.Trusted, int maxPacketLength = 0)
        => new(Memory, new IncomingRingOptions { Trust = trust, MaxPacketLength = maxPacketLength });

    // The incoming ring of a UIO device: one mapping of a file, the outgoing ring before it.
    [SupportedOSPlatform("linux")]
    private static RingMemory SecondOfTwo(int dataSize)
    {
        int length = MappedRing.ControlSize + dataSize;
        using MemfdHandle memory = MemfdHandle.Create("ring-test", 2 * length);
        using DeviceFile device = DeviceFile.Open($"/proc/self/fd/{memory.Descriptor}");
        MappedMemory rings = MappedMemory.Map(device, 0, 2 * length);
        nint second = rings.Address + length;
        return RingMemory.FromAddress(second, second + MappedRing.ControlSize, dataSize, isDoubleMapped: false, rings);
    }

    /// <summary>Unmaps it, unless a test that failed left threads behind, which would take the process with them.</summary>
    public void Dispose()
    {
        if (!Workers.AreLeftBehind)
            (Memory.Owner as IDisposable)?.Dispose();
    }
}
