// A device whose opens and closes are told.

using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Kvm;

namespace VmBus.Tool;

/// <summary>Tells when a guest opens a device and closes it.</summary>
[SupportedOSPlatform("linux")]
internal sealed class NotedDevice(string name, IChannelDevice device, KvmPartition partition, HostNotes notes) : IChannelDevice
{
    public ValueTask<bool> AcceptsAsync(VmBus.Protocol.HostOpenRequest request, CancellationToken cancellationToken) => device.AcceptsAsync(request, cancellationToken);

    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        notes.WriteAbout(name, $"{name} is open: relid {context.Request.Relid}, {(context.Request.MonitorId is { } monitor ? $"monitor {monitor}" : "by hypercall")}, VP {context.Request.TargetVp}");
        try
        {
            await device.ServeAsync(context, closing).ConfigureAwait(false);
        }
        finally
        {
            notes.WriteAbout(name, $"{name} is closed, after {partition.GetSignals(context.Request.ConnectionId)} signals of the guest");
        }
    }
}
