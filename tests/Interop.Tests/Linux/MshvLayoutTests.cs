using System.Runtime.InteropServices;

namespace VmBus.Interop.Tests.Linux;

// The headers of most machines lack linux/mshv.h, so these are numbers: include/uapi/linux/mshv.h of Linux 6.19.
public unsafe class MshvLayoutTests
{
    [Fact]
    public void Arguments_lie_as_the_kernel_reads_them()
    {
        Assert.Equal((8, 24, 8, 8, 32), (sizeof(MshvSignalEvent), sizeof(MshvPostMessage), sizeof(MshvSetEventFd), sizeof(MshvSintMask), sizeof(MshvRootHypercall)));
        Assert.Equal((0, 4), (At<MshvSignalEvent>(nameof(MshvSignalEvent.ConnectionId)), At<MshvSignalEvent>(nameof(MshvSignalEvent.Flag))));
        Assert.Equal((0, 8, 12, 16), (At<MshvPostMessage>(nameof(MshvPostMessage.MessageType)), At<MshvPostMessage>(nameof(MshvPostMessage.ConnectionId)),
            At<MshvPostMessage>(nameof(MshvPostMessage.PayloadSize)), At<MshvPostMessage>(nameof(MshvPostMessage.Payload))));
        Assert.Equal((0, 4), (At<MshvSetEventFd>(nameof(MshvSetEventFd.Descriptor)), At<MshvSetEventFd>(nameof(MshvSetEventFd.Flag))));
        Assert.Equal((0, 2, 4, 6, 8), (At<MshvRootHypercall>(nameof(MshvRootHypercall.Code)), At<MshvRootHypercall>(nameof(MshvRootHypercall.Repetitions)),
            At<MshvRootHypercall>(nameof(MshvRootHypercall.InputSize)), At<MshvRootHypercall>(nameof(MshvRootHypercall.OutputSize)),
            At<MshvRootHypercall>(nameof(MshvRootHypercall.Status))));
        Assert.Equal((16, 24), (At<MshvRootHypercall>(nameof(MshvRootHypercall.Input)), At<MshvRootHypercall>(nameof(MshvRootHypercall.Output))));
    }

    private static int At<T>(string field) => (int)Marshal.OffsetOf<T>(field);
}
