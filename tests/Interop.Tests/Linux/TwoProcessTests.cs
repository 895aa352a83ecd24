using System.Diagnostics;
using System.Runtime.InteropServices;

namespace VmBus.Interop.Tests.Linux;

public class TwoProcessTests
{
    [Fact]
    public void Another_process_maps_the_memory_and_signals_the_event_it_was_sent()
    {
        using Process child = ChildProcess.Start(ChildProcess.Doubles, underShell: false, out UnixFdSocket connection);
        using MemfdHandle memory = MemfdHandle.Create("vmbus-two", Environment.SystemPageSize);
        using MappedMemory mapped = MappedMemory.Map(memory, 0, memory.Size);
        using SignalPipe signal = SignalPipe.Create();
        using SignalPipe lent = signal.Lend();
        MemoryMarshal.Write(mapped.AsSpan(), 21);
        using (connection)
        {
            connection.Send([0], [memory.Descriptor, lent.Descriptor]);

            Assert.Equal(PollEvents.In, Poll.Wait(signal.Descriptor, PollEvents.In, Patience.Limit));

            Assert.Equal(42, MemoryMarshal.Read<int>(mapped.AsSpan()[4..]));
        }
        Assert.True(child.WaitForExit(Patience.Limit));
        Assert.Equal(0, child.ExitCode);
    }

    [Fact]
    public void A_killed_process_at_the_other_end_is_seen()
    {
        using Process child = ChildProcess.Start(ChildProcess.Waits, underShell: false, out UnixFdSocket connection);
        using (connection)
        {
            Assert.False(connection.IsPeerClosed());

            child.Kill();

            Assert.NotEqual(PollEvents.None, Poll.Wait(connection.Descriptor, PollEvents.ReadHangUp, Patience.Limit));
            Assert.True(connection.IsPeerClosed());
            Assert.Equal(0, connection.Receive(new byte[1], [], out _));
        }
    }

    [Theory]
    [InlineData(ChildProcess.DiesWithParent, true)]
    [InlineData(ChildProcess.Waits, false)]
    public void A_process_that_asked_for_it_ends_with_its_parent(string role, bool ends)
    {
        using Process parent = ChildProcess.Start(role, underShell: true, out UnixFdSocket connection);
        using (connection)
        {
            Assert.False(connection.IsPeerClosed());

            parent.Kill();
            Assert.True(parent.WaitForExit(Patience.Limit));

            // The shell, which had the other end too, is gone: from here on only the grandchild holds it open.
            if (ends)
                Assert.NotEqual(PollEvents.None, Poll.Wait(connection.Descriptor, PollEvents.ReadHangUp, Patience.Limit));
            Assert.Equal(ends, connection.IsPeerClosed());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_child_inherits_a_descriptor_only_when_it_was_made_inheritable(bool inheritable)
    {
        using EventFd signal = EventFd.Create();
        if (inheritable)
            signal.MakeInheritable();

        using Process child = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"test -e /proc/self/fd/{signal.Descriptor}"]))!;

        Assert.True(child.WaitForExit(Patience.Limit));
        Assert.Equal(inheritable ? 0 : 1, child.ExitCode);
    }
}
