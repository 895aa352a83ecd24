// A port that is a monitor page. Mirrors HvPortTypeMonitor (TLFS, HV_PORT_INFO.MonitorPortInfo.MonitorAddress).

using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// A monitor page that the hypervisor examines, making the signals of its pending bits for <see cref="Signaller"/>.
/// </summary>
internal sealed class MonitorPort : Port
{
    private readonly MonitorScanner _scanner;

    internal MonitorPort(Partition owner, uint id, ulong gpa, Partition signaller, MonitorExaminer examiner, MonitorScanner scanner) : base(owner, id)
    {
        GuestAddress = gpa;
        Signaller = signaller;
        Examiner = examiner;
        _scanner = scanner;
        scanner.Add(examiner);
    }

    /// <summary>The guest physical address of the page.</summary>
    public ulong GuestAddress { get; }

    /// <summary>The partition whose connections the page's parameters name: the one that sets pending bits.</summary>
    public Partition Signaller { get; }

    /// <summary>The page.</summary>
    public MonitorPageView Page => Examiner.Page;

    /// <summary>What examines the page, and counts.</summary>
    public MonitorExaminer Examiner { get; }

    /// <summary>Starts examining a monitor, and enables its group.</summary>
    /// <inheritdoc cref="MonitorExaminer.Register" path="/param"/>
    /// <inheritdoc cref="MonitorExaminer.Register" path="/exception"/>
    public void Register(int monitorId, uint connectionId, ushort flagNumber, ushort latency)
    {
        Examiner.Register(monitorId, connectionId, flagNumber, latency);
        _scanner.Kick();
    }

    /// <summary>Stops examining a monitor, and disables its group when it was the last.</summary>
    /// <inheritdoc cref="MonitorExaminer.Unregister" path="/param"/>
    /// <inheritdoc cref="MonitorExaminer.Unregister" path="/exception"/>
    public void Unregister(int monitorId)
    {
        Examiner.Unregister(monitorId);
        _scanner.Kick();
    }

    /// <summary>Enables or disables a trigger group, and has the change seen now rather than at the next examination.</summary>
    /// <inheritdoc cref="MonitorExaminer.SetGroupEnabled" path="/param"/>
    /// <inheritdoc cref="MonitorExaminer.SetGroupEnabled" path="/exception"/>
    public void SetGroupEnabled(int group, bool enabled)
    {
        Examiner.SetGroupEnabled(group, enabled);
        _scanner.Kick();
    }

    private protected override void OnDeleted() => _scanner.Remove(Examiner);
}
