namespace VmBus.Interop.Tests.Linux;

public class KernelEventSocketTests
{
    [Fact]
    public void Nothing_is_there_until_the_kernel_speaks()
    {
        using KernelEventSocket socket = KernelEventSocket.Open();
        byte[] buffer = new byte[8192];
        while (socket.TryReceive(buffer, out int length))
            Assert.InRange(length, 0, buffer.Length);
        Assert.StartsWith("socket:", ProcSelf.Link(socket.Descriptor), StringComparison.Ordinal);
    }
}
