// The test program started a second time, as the other process of a test: it inherits one end of a socket pair and
// plays the role it is told, before the test platform comes to life in it.

using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Interop.Tests.Linux;

internal static class ChildProcess
{
    // Takes a memfd and an event, answers the word at 0 with its double at 4, and signals the event.
    public const string Doubles = "doubles";

    // Asks to be killed with its parent, then waits for ever.
    public const string DiesWithParent = "dies-with-parent";

    // Waits for ever.
    public const string Waits = "waits";

    private const string Role = "VMBUS_INTEROP_TESTS_ROLE";
    private const string Descriptor = "VMBUS_INTEROP_TESTS_DESCRIPTOR";
    private const int SignalKill = 9;

    // Starts it directly, or as the child of a shell, and waits until it says that it is ready.
    public static Process Start(string role, bool underShell, out UnixFdSocket connection)
    {
        (connection, UnixFdSocket theirs) = UnixFdSocket.CreatePair();
        using (theirs)
        {
            theirs.MakeInheritable();
            string host = Environment.ProcessPath!;
            string[] program = Path.GetFileNameWithoutExtension(host) == "dotnet" ? [host, typeof(ChildProcess).Assembly.Location] : [host];
            // The shell stays between the two, since it has something to do afterwards.
            var start = underShell
                ? new ProcessStartInfo("/bin/sh", ["-c", "\"$@\"; exit 0", "sh", .. program])
                : new ProcessStartInfo(program[0], program[1..]);
            start.Environment[Role] = role;
            start.Environment[Descriptor] = theirs.Descriptor.ToString(CultureInfo.InvariantCulture);
            Process child = Process.Start(start)!;
            theirs.Dispose();
            Assert.NotEqual(PollEvents.None, Poll.Wait(connection.Descriptor, PollEvents.In, Patience.Limit));
            Span<byte> ready = stackalloc byte[1];
            Assert.Equal(1, connection.Receive(ready, [], out _));
            return child;
        }
    }

    // Before Main, whenever the program starts: does nothing in the tests themselves.
#pragma warning disable CA2255 // This is the program, not a library.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Play()
    {
        if (Environment.GetEnvironmentVariable(Role) is not { } role)
            return;
        int descriptor = int.Parse(Environment.GetEnvironmentVariable(Descriptor)!, CultureInfo.InvariantCulture);
        using (UnixFdSocket connection = UnixFdSocket.FromDescriptor(descriptor))
        {
            if (role == DiesWithParent)
                ThreadScheduling.SetParentDeathSignal(SignalKill);
            connection.Send([1]);
            if (role == Doubles)
                PlayDoubles(connection);
            // Until the test closes its end, so that no child outlives a test that failed.
            connection.Receive(new byte[1], [], out _);
        }
        Environment.Exit(0);
    }

    private static void PlayDoubles(UnixFdSocket connection)
    {
        Span<int> descriptors = stackalloc int[2];
        connection.Receive(new byte[1], descriptors, out _);
        using MemfdHandle memory = MemfdHandle.Adopt(descriptors[0]);
        using SignalPipe signal = SignalPipe.Adopt(descriptors[1]);
        using MappedMemory mapped = MappedMemory.Map(memory, 0, memory.Size);
        Span<int> words = MemoryMarshal.Cast<byte, int>(mapped.AsSpan());
        words[1] = 2 * words[0];
        signal.Signal();
    }
}
