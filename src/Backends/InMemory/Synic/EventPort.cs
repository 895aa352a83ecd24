// A port whose signals are event flags of a VP. Mirrors HvPortTypeEvent (TLFS, HV_PORT_INFO.EventPortInfo).

using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// An event port: a signal sets flag <see cref="BaseFlag"/> + flag number of one SINT of one VP, and interrupts the VP if
/// the flag was clear.
/// </summary>
internal sealed class EventPort : Port
{
    private long _signals;
    private long _newlySignalled;

    internal EventPort(Partition owner, uint id, VirtualProcessor target, int sint, int baseFlag, int flagCount) : base(owner, id)
    {
        Target = target;
        Sint = sint;
        BaseFlag = baseFlag;
        FlagCount = flagCount;
    }

    /// <summary>The VP that is signalled.</summary>
    public VirtualProcessor Target { get; }

    /// <summary>The SINT, 0 to 15.</summary>
    public int Sint { get; }

    /// <summary>The event flag that flag number 0 stands for.</summary>
    public int BaseFlag { get; }

    /// <summary>How many flags the port has.</summary>
    public int FlagCount { get; }

    /// <summary>How many signals arrived.</summary>
    public long Signals => Volatile.Read(ref _signals);

    /// <summary>How many of them found their flag clear.</summary>
    public long NewlySignalled => Volatile.Read(ref _newlySignalled);

    internal override HypercallStatus Signal(ushort flagNumber)
    {
        if (IsDeleted)
            return HypercallStatus.InvalidPortId;
        if (flagNumber >= FlagCount)
            return HypercallStatus.InvalidParameter;
        HypercallStatus status = Target.Synic.SignalEvent(Sint, BaseFlag + flagNumber, out bool newlySignalled);
        if (status == HypercallStatus.Success)
        {
            Interlocked.Increment(ref _signals);
            if (newlySignalled)
                Interlocked.Increment(ref _newlySignalled);
        }
        return status;
    }
}
