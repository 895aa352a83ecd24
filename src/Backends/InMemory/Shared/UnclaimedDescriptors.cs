using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace VmBus.InMemory;

/// <summary>Descriptors that came over a socket and have no owner yet. Those never claimed are closed.</summary>
[SupportedOSPlatform("linux")]
internal ref struct UnclaimedDescriptors(ReadOnlySpan<int> descriptors)
{
    private readonly ReadOnlySpan<int> _descriptors = descriptors;
    private int _claimed;

    /// <summary>The next descriptor; it is the caller's now.</summary>
    public int Claim() => _descriptors[_claimed++];

    public void Dispose()
    {
        while (_claimed < _descriptors.Length)
            new SafeFileHandle(Claim(), ownsHandle: true).Dispose();
    }
}
